package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;

/** What Q4_0 and Q5_0 share: {@code x ≈ d · (q - max)}, blocks of 32. */
abstract class SymmetricBlocks extends BatchKernel {
    static final int BLOCK = 32;

    private final BlockKernel scalar;
    private final int blockBytes;
    private final int max;
    private final QxLanes search;
    private final WeightedBlocks weighted = new WeightedBlocks();
    private final byte[] codes = new byte[BLOCK + 8];

    SymmetricBlocks(BlockKernel scalar, int blockBytes, int max) {
        super(scalar, BLOCK, blockBytes);
        this.scalar = scalar;
        this.blockBytes = blockBytes;
        this.max = max;
        search = new QxLanes(BLOCK, max);
    }

    /** Stores codes {@code x · inverse + max + ½}, cut off, of a block. */
    abstract void put(float[] x, int from, float inverse, byte[] into, int at);

    /** Stores codes of a block. */
    abstract void pack(byte[] codes, byte[] into, int at);

    @Override
    public void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        if (importance != null) {
            super.quantize(values, from, rows, columns, importance, into, at);
            return;
        }
        int blocks = rows * columns / BLOCK;
        for (int b = 0; b < blocks; b++) {
            int start = from + b * BLOCK;
            int to = at + b * blockBytes;
            int magnitude = magnitude(values, start);
            if (Plain.fits(magnitude) && (COUNT >= 8 || b < blocks - 1)) {
                float d = values[start + first(values, start, magnitude)] / -max;
                LittleEndian.putF16(into, to, d);
                put(values, start, 1 / d, into, to + 2);
            } else {
                scalar.quantize(values, start, 1, BLOCK, null, into, to);
            }
        }
    }

    private static int magnitude(float[] x, int from) {
        IntVector most = IntVector.zero(INTS);
        for (int i = 0; i < BLOCK; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            most = most.max(v.reinterpretAsInts().and(0x7fffffff));
        }
        return most.reduceLanes(VectorOperators.MAX);
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
        if (importance == null) throw new IllegalStateException("without importance");
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
