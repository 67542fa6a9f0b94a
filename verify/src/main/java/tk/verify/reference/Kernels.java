package tk.verify.reference;

/**
 * The arithmetic that takes the time. Matrices are row-major runs of a {@code float[]}; activations
 * are {@code (features, tokens)}, so that neighbouring values belong to neighbouring tokens and
 * every token's sums run in the same order whatever the width of the machine. Thread-safe.
 */
sealed interface Kernels permits ScalarKernels, VectorKernels {
    /** Multiples of how many tokens {@link #multiply} takes; one alone it always takes. */
    int lanes();

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
     * {@code gate[i] = silu(gate[i]) · up[i]} with {@code silu(z) = z / (1 + e^-z)}.
     *
     * @param count how many from {@code gateAt} and {@code upAt} on
     */
    void swiGlu(float[] gate, int gateAt, float[] up, int upAt, int count);

    /**
     * The numerators of a softmax down each column: {@code s[r][c] = exp(scale · (s[r][c] − max))},
     * and their sums.
     *
     * @param s scores {@code (rows, columns)} from index 0 on, contiguous; {@code -Infinity} gives
     *     0; a column has at least one finite score
     * @param sums receives {@code columns} sums
     */
    void softmax(float[] s, int rows, int columns, float scale, float[] sums);

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
