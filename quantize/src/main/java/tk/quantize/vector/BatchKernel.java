package tk.quantize.vector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;

/**
 * A kernel that takes {@link #VALUES} values at a time, so that there are sub-blocks for every
 * lane.
 *
 * <p>The vector code is made for finite values. Where one is not, the scalar kernel does the whole
 * call; and it does each block that {@link #quantizeBatch} leaves to {@link #quantizeScalar}.
 */
abstract class BatchKernel implements BlockKernel {
    /** Values in a batch: sixteen super-blocks, one for each lane of the widest vectors. */
    static final int VALUES = 4096;

    private final BlockKernel scalar;
    private final int blockValues;
    private final int blockBytes;
    private final float[] blockImportance;
    private @Nullable Dequantizer dequantizer;

    BatchKernel(BlockKernel scalar, int blockValues, int blockBytes) {
        this.scalar = scalar;
        this.blockValues = blockValues;
        this.blockBytes = blockBytes;
        this.blockImportance = new float[blockValues];
    }

    /** Has blocks dequantized in vectors, too, unless null is given. */
    final BatchKernel with(@Nullable Dequantizer dequantizer) {
        this.dequantizer = dequantizer;
        return this;
    }

    @Override
    public void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        int count = rows * columns;
        if (!takes(values, from, count, importance, columns)) {
            scalar.quantize(values, from, rows, columns, importance, into, at);
            return;
        }
        if (importance != null) prepare(values, from, rows, columns);
        for (int i = 0; i < count; i += VALUES) {
            int blocks = Math.min(VALUES, count - i) / blockValues;
            int to = at + i / blockValues * blockBytes;
            quantizeBatch(values, from + i, blocks, importance, i, columns, into, to);
        }
    }

    /** Whether the vector code may have the call. */
    boolean takes(float[] x, int from, int count, float @Nullable [] importance, int columns) {
        return Finite.all(x, from, count)
                && (importance == null || Finite.all(importance, 0, columns));
    }

    /** Called before the batches of whole rows with importance. */
    void prepare(float[] x, int from, int rows, int columns) {}

    /**
     * Quantizes blocks, of finite values unless {@link #takes} takes others.
     *
     * @param count how many, {@link #VALUES} values at most
     * @param position of the first value in its call, so that {@code position % columns} is its
     *     column
     */
    abstract void quantizeBatch(
            float[] x,
            int from,
            int count,
            float @Nullable [] importance,
            int position,
            int columns,
            byte[] into,
            int at);

    /** Quantizes one block by the scalar kernel. */
    final void quantizeScalar(
            float[] x, int from, float @Nullable [] importance, int column, byte[] into, int at) {
        float[] weights = null;
        if (importance != null) {
            weights = blockImportance;
            System.arraycopy(importance, column, weights, 0, blockValues);
        }
        scalar.quantize(x, from, 1, blockValues, weights, into, at);
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        if (dequantizer == null) scalar.dequantize(blocks, at, into, to, count);
        else dequantizer.dequantize(blocks, at, into, to, count);
    }
}
