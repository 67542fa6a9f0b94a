package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;

/** What Q4_0 and Q5_0 share: {@code x ≈ d · (q - max)}, blocks of 32. */
abstract class SymmetricBlocks extends PlainBlocks {
    private final int max;
    private final int[] above = new int[BATCH];
    private final int[] below = new int[BATCH];
    private final QxLanes search;
    private final WeightedBlocks weighted = new WeightedBlocks();
    private final byte[] codes = new byte[BLOCK + 8];

    SymmetricBlocks(BlockKernel scalar, int blockBytes, int max) {
        super(scalar, blockBytes);
        this.max = max;
        search = new QxLanes(BLOCK, max);
    }

    /** Stores codes of a block. */
    abstract void pack(byte[] codes, byte[] into, int at);

    @Override
    final void measure(float[] x, int from, int blocks) {
        BlockExtremes.sides(x, from, blocks, above, below);
        for (int b = 0; b < blocks; b += COUNT) {
            IntVector positive = IntVector.fromArray(INTS, above, b);
            IntVector negative = IntVector.fromArray(INTS, below, b);
            IntVector most = positive.max(negative);
            most.intoArray(magnitude, b);
            FloatVector d = most.reinterpretAsFloats().div(-max);
            d.blend(d.neg(), positive.lt(negative).cast(FLOATS)).intoArray(scale, b);
            for (long both = positive.eq(negative).toLong(); both != 0; both &= both - 1) {
                int tied = b + Long.numberOfTrailingZeros(both);
                scale[tied] = BlockExtremes.first(x, from + tied * BLOCK, magnitude[tied]) / -max;
            }
        }
    }

    @Override
    void prepare(float[] x, int from, int rows, int columns) {
        weighted.prepare(x, from, rows, columns);
    }

    @Override
    void quantizeBatch(
            float[] x,
            int from,
            int count,
            float @Nullable [] importance,
            int position,
            int columns,
            byte[] into,
            int at) {
        if (importance == null) {
            quantizePlain(x, from, count, into, at);
            return;
        }
        // A panel at a time, so that all of it stays close.
        for (int b = 0; b < count; b += Panels.WIDTH) {
            int blocks = Math.min(Panels.WIDTH, count - b);
            int start = b * BLOCK;
            quantizeWeighted(x, from + start, blocks, importance, position + start, columns);
            finish(x, from + start, blocks, into, at + b * blockBytes);
        }
    }

    private void quantizeWeighted(
            float[] x, int from, int blocks, float[] importance, int position, int columns) {
        weighted.fill(x, from, blocks, importance, position, columns);
        float[] values = weighted.values().memory();
        float[] weights = weighted.weights().memory();
        search.search(values, weights, 0, 0);
        if (blocks > COUNT) search.search(values, weights, COUNT, COUNT);
    }

    private void finish(float[] x, int from, int blocks, byte[] into, int at) {
        for (int b = 0; b < blocks; b++) {
            int to = at + b * blockBytes;
            LittleEndian.putF16(into, to, search.scale[b]);
            Codes.multiply(x, from + b * BLOCK, BLOCK, search.inverse[b], max, codes, 0);
            pack(codes, into, to + 2);
        }
    }
}
