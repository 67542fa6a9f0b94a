package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.QkxSearch;

/** What Q4_1 and Q5_1 share: {@code x ≈ d · q + m}, blocks of 32. */
abstract class AffineBlocks extends PlainBlocks {
    private final int max;

    /** The lowest value of each measured block. */
    final float[] low = new float[BATCH];

    /** The same as F16. */
    final short[] halfLow = new short[BATCH];

    private final float[] high = new float[BATCH];
    private final int[] above = new int[BATCH];
    private final int[] below = new int[BATCH];
    private final QkxLanes search;
    private final QkxSearch scalarSearch;
    private final WeightedBlocks weighted = new WeightedBlocks();
    private final float[] blockWeights = new float[BLOCK];
    private final byte[] codes = new byte[BLOCK + 8];

    AffineBlocks(BlockKernel scalar, int blockBytes, int max) {
        super(scalar, blockBytes);
        this.max = max;
        search = new QkxLanes(BLOCK, max, -0.9f, 0.05f, 36, false);
        scalarSearch = QkxSearch.weighted(max);
    }

    /** Stores codes of a block. */
    abstract void pack(byte[] codes, byte[] into, int at);

    @Override
    final void measure(float[] x, int from, int blocks) {
        BlockExtremes.sides(x, from, blocks, above, below);
        for (int b = 0; b < blocks; b += COUNT) {
            IntVector positive = IntVector.fromArray(INTS, above, b);
            IntVector negative = IntVector.fromArray(INTS, below, b);
            positive.reinterpretAsFloats().intoArray(high, b);
            negative.reinterpretAsFloats().neg().intoArray(low, b);
            for (long one = positive.or(negative).lt(0).toLong(); one != 0; one &= one - 1) {
                oneSided(x, from, b + Long.numberOfTrailingZeros(one));
            }
        }
        for (int b = 0; b < blocks; b += COUNT) {
            FloatVector lowest = FloatVector.fromArray(FLOATS, low, b);
            FloatVector range = FloatVector.fromArray(FLOATS, high, b).sub(lowest);
            // Only differences are multiplied. Which zero is the lower one, of two signs, depends
            // on their order: not for here.
            IntVector bits = range.reinterpretAsInts().blend(0, lowest.eq(0).cast(INTS));
            bits.intoArray(magnitude, b);
            range.div(max).intoArray(scale, b);
        }
        halve(low, halfLow, blocks);
    }

    /** The end of the range that is nearer to zero, where there are values on one side only. */
    private void oneSided(float[] x, int from, int b) {
        float least = BlockExtremes.least(x, from + b * BLOCK);
        if (below[b] < 0) low[b] = least;
        else high[b] = -least;
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
        weighted.fill(x, from, count, importance, position, columns);
        for (int s = 0; s < count; s += Panels.WIDTH) {
            int panel = weighted.values().at(s);
            search.search(weighted.values().memory(), weighted.weights().memory(), panel, s);
        }
        for (int b = 0; b < count; b++) {
            int start = from + b * BLOCK;
            int to = at + b * blockBytes;
            float blockScale = search.scale[b];
            float blockLow = search.low[b];
            if (search.sound[b] != 0) {
                float inverse = search.inverse[b];
                Codes.multiply(x, start, BLOCK, inverse, search.codeLow[b], max, codes, 0);
            } else {
                System.arraycopy(weighted.flatWeights(), b * BLOCK, blockWeights, 0, BLOCK);
                blockScale = scalarSearch.search(x, start, BLOCK, blockWeights, codes, 0);
                blockLow = -scalarSearch.min();
            }
            LittleEndian.putF16(into, to, blockScale);
            LittleEndian.putF16(into, to + 2, blockLow);
            pack(codes, into, to + 4);
        }
    }
}
