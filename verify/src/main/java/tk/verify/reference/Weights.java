package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A matrix {@code (rows, columns)} in the type it is stored in, a few rows at a time: read anew at
 * every use, or kept in memory where it was made {@linkplain #keep resident}. Thread-safe but for
 * that.
 */
final class Weights {
    /** Bytes that are read together. */
    private static final long KEPT_AT_ONCE = 1 << 20;

    private final Tensor tensor;
    private final TensorInfo info;
    private final int rows;
    private final int columns;
    private @Nullable MemorySegment resident;

    Weights(Tensor tensor) {
        this.tensor = tensor;
        this.info = tensor.info();
        this.rows = Math.toIntExact(info.shape().rows());
        this.columns = Math.toIntExact(info.shape().columns());
    }

    /** Whether values of this type can be widened. */
    static boolean canRead(DType type) {
        return FloatRows.canWiden(type);
    }

    /** The tensor's name in its file. */
    String name() {
        return info.name();
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Bytes as stored. */
    long byteSize() {
        return info.byteSize();
    }

    /**
     * Keeps the stored bytes from now on.
     *
     * @param memory {@link #byteSize} bytes that outlive this
     */
    void keep(MemorySegment memory) {
        // A few rows at a time: a tensor that is computed needs memory for what it is asked.
        int step = Math.clamp(KEPT_AT_ONCE / Math.max(1, info.rowBytes()), 1, rows);
        for (int first = 0; first < rows; first += step) {
            int count = Math.min(step, rows - first);
            long from = Math.multiplyExact((long) first, info.rowBytes());
            long bytes = Math.multiplyExact((long) count, info.rowBytes());
            tensor.readRows(first, count, memory.asSlice(from, bytes));
        }
        resident = memory;
    }

    /** Widens {@code count} rows from {@code first} on to the start of {@code into}. */
    void read(Kernels kernels, int first, int count, float[] into) {
        long bytes = Math.multiplyExact((long) count, info.rowBytes());
        MemorySegment kept = resident;
        if (kept != null) {
            kernels.widen(info.dtype(), kept, first * info.rowBytes(), into, count * columns);
            return;
        }
        try (Scratch scratch = Scratch.borrow(bytes)) {
            tensor.readRows(first, count, scratch.segment());
            kernels.widen(info.dtype(), scratch.segment(), 0, into, count * columns);
        }
    }

    /**
     * {@code out[r] = Σ_k w[first + r][k] · x[k]} for {@code count} rows.
     *
     * @param x {@code (columns)} from index {@code xAt} on
     * @param held room for {@code count} widened rows
     */
    void multiply(
            Kernels kernels, int first, int count, float[] x, int xAt, float[] held, float[] out) {
        long bytes = Math.multiplyExact((long) count, info.rowBytes());
        MemorySegment kept = resident;
        if (kept != null) {
            multiply(kernels, kept, first * info.rowBytes(), count, x, xAt, held, out);
            return;
        }
        try (Scratch scratch = Scratch.borrow(bytes)) {
            tensor.readRows(first, count, scratch.segment());
            multiply(kernels, scratch.segment(), 0, count, x, xAt, held, out);
        }
    }

    private void multiply(
            Kernels kernels,
            MemorySegment stored,
            long at,
            int count,
            float[] x,
            int xAt,
            float[] held,
            float[] out) {
        if (kernels.multiplyStored(info.dtype(), stored, at, count, columns, x, xAt, out)) return;
        kernels.widen(info.dtype(), stored, at, held, count * columns);
        kernels.multiply(held, 0, columns, count, columns, x, xAt, 1, 1, out, 0, 1);
    }

    @Override
    public String toString() {
        return name() + " (" + rows + ", " + columns + ") " + info.dtype();
    }
}
