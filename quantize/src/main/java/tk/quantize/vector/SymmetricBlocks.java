package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;

/** What Q4_0 and Q5_0 share: {@code x ≈ d · (q - max)}, blocks of 32. */
abstract class SymmetricBlocks extends PlainBlocks {
    private final int max;
    private final float[] extreme = new float[BATCH];
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
        extremes.magnitudes(x, from, blocks, magnitude);
        for (int b = 0; b < blocks; b++) {
            int start = from + b * BLOCK;
            extreme[b] = x[start + first(x, start, magnitude[b])];
        }
        for (int b = 0; b < blocks; b += COUNT) {
            FloatVector.fromArray(FLOATS, extreme, b).div(-max).intoArray(scale, b);
        }
    }

    /** The first value of this magnitude, which is that of one. */
    private static int first(float[] x, int from, int magnitude) {
        long lanes = 0;
        for (int i = 0; i < BLOCK; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            lanes |= v.reinterpretAsInts().and(0x7fffffff).eq(magnitude).toLong() << i;
        }
        return Long.numberOfTrailingZeros(lanes);
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
            int to = at + b * blockBytes;
            LittleEndian.putF16(into, to, search.scale[b]);
            Codes.multiply(x, from + b * BLOCK, BLOCK, search.inverse[b], max, codes, 0);
            pack(codes, into, to + 2);
        }
    }
}
