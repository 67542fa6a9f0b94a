package tk.verify.reference;

import tk.quantize.FloatRows;
import tk.tensor.DType;

import java.lang.foreign.MemorySegment;

/**
 * The arithmetic that takes the time. Matrices are row-major runs of a {@code float[]}; activations
 * are {@code (features, tokens)}, so that neighbouring values belong to neighbouring tokens and
 * every token's sums run in the same order whatever the width of the machine. Thread-safe.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels {
    /** Multiples of how many tokens {@link #multiply} takes; one alone it always takes. */
    int lanes();

    /** How many columns to give {@link #multiply} for so many tokens: whole vectors, or one. */
    default int columnsFor(int tokens) {
        return tokens == 1 ? 1 : Math.ceilDiv(tokens, lanes()) * lanes();
    }

    /**
     * {@code out[r][c] = Σ_k w[r][k] · x[k][c]}.
     *
     * @param w left matrix {@code (rows, depth)} from index {@code wAt} on, rows {@code wStride}
     *     apart
     * @param x right matrix {@code (depth, columns)}, likewise
     * @param columns 1 with {@code xStride} 1, or a multiple of {@link #lanes()}
     * @param out product {@code (rows, columns)}, overwritten
     */
    void multiply(
            float[] w,
            int wAt,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            int columns,
            float[] out,
            int outAt,
            int outStride);

    /**
     * Widens stored values to F32, exactly as {@link FloatRows} does.
     *
     * @param from little-endian values or blocks from byte {@code at} on; scratch or resident
     *     memory, never a mapped file
     * @param count a multiple of the type's block size
     */
    default void widen(DType type, MemorySegment from, long at, float[] into, int count) {
        FloatRows.widen(type, from, at, into, 0, count);
    }

    /**
     * {@code out[r] = Σ_k w[r][k] · x[k]} straight from stored rows, without widening them first,
     * where that is faster.
     *
     * @param w rows of {@code depth} values of {@code type} from byte {@code at} on
     * @param x {@code depth} values from index {@code xAt} on
     * @return whether it was done: false where the type is not one of these
     */
    default boolean multiplyStored(
            DType type,
            MemorySegment w,
            long at,
            int rows,
            int depth,
            float[] x,
            int xAt,
            float[] out) {
        return false;
    }

    /** {@code s[i] = e^s[i]}, for {@code count} values from index {@code at} on. */
    void exp(float[] s, int at, int count);

    /**
     * {@code gate[i] = silu(gate[i]) · up[i]} with {@code silu(z) = z / (1 + e^-z)}.
     *
     * @param up used up: its content is undefined afterwards
     * @param count how many from {@code gateAt} and {@code upAt} on
     */
    default void swiGlu(float[] gate, int gateAt, float[] up, int upAt, int count) {
        for (int i = 0; i < count; i++) {
            up[upAt + i] *= gate[gateAt + i];
            gate[gateAt + i] = -gate[gateAt + i];
        }
        exp(gate, gateAt, count);
        for (int i = 0; i < count; i++) {
            gate[gateAt + i] = up[upAt + i] / (1 + gate[gateAt + i]);
        }
    }

    /**
     * The numerators of a softmax down each column: {@code s[r][c] = exp(scale · (s[r][c] − max))},
     * and their sums.
     *
     * @param s scores {@code (rows, columns)} from index 0 on, contiguous; {@code -Infinity} gives
     *     0; a column has at least one finite score
     * @param sums receives {@code columns} sums
     */
    default void softmax(float[] s, int rows, int columns, float scale, float[] sums) {
        System.arraycopy(s, 0, sums, 0, columns);
        for (int r = 1; r < rows; r++) {
            int from = r * columns;
            for (int c = 0; c < columns; c++) sums[c] = Math.max(sums[c], s[from + c]);
        }
        for (int r = 0; r < rows; r++) {
            int from = r * columns;
            for (int c = 0; c < columns; c++) s[from + c] = scale * (s[from + c] - sums[c]);
        }
        exp(s, 0, rows * columns);
        System.arraycopy(s, 0, sums, 0, columns);
        for (int r = 1; r < rows; r++) {
            int from = r * columns;
            for (int c = 0; c < columns; c++) sums[c] += s[from + c];
        }
    }

    /**
     * The fastest kernels this JVM can run: vectors need the module {@code jdk.incubator.vector},
     * which the command line adds, and a machine that multiplies and adds in one step.
     */
    static Kernels best() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return new ScalarKernels();
        }
        VectorKernels vectors = new VectorKernels();
        // Four lanes on x86 mean a machine before AVX2, where fma() is done in BigDecimal.
        boolean old = System.getProperty("os.arch").equals("amd64") && vectors.lanes() < 8;
        return vectors.lanes() < 4 || old ? new ScalarKernels() : vectors;
    }
}
