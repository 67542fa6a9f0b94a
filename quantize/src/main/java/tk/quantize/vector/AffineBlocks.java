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
import tk.quantize.scalar.QkxSearch;

/** What Q4_1 and Q5_1 share: {@code x ≈ d · q + m}, blocks of 32. */
abstract class AffineBlocks extends BatchKernel {
    static final int BLOCK = 32;

    private final BlockKernel scalar;
    private final int blockBytes;
    private final int max;
    private final QkxLanes search;
    private final QkxSearch scalarSearch;
    private final WeightedBlocks weighted = new WeightedBlocks();
    private final float[] blockWeights = new float[BLOCK];
    private final byte[] codes = new byte[BLOCK + 8];

    AffineBlocks(BlockKernel scalar, int blockBytes, int max) {
        super(scalar, BLOCK, blockBytes);
        this.scalar = scalar;
        this.blockBytes = blockBytes;
        this.max = max;
        search = new QkxLanes(BLOCK, max, -0.9f, 0.05f, 36, false);
        scalarSearch = QkxSearch.weighted(max);
    }

    /** Stores codes {@code (x - low) · inverse + ½}, cut off, of a block. */
    abstract void put(float[] x, int from, float low, float inverse, byte[] into, int at);

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
            float low = extreme(values, start, -1);
            float high = extreme(values, start, 0);
            // Which zero is the lower one, of two signs, depends on their order.
            boolean range = Plain.fits(Float.floatToRawIntBits(high - low)) && low != 0;
            if (range && Plain.fits(magnitudeBits(low, high)) && (COUNT >= 8 || b < blocks - 1)) {
                float d = (high - low) / max;
                LittleEndian.putF16(into, to, d);
                LittleEndian.putF16(into, to + 2, low);
                put(values, start, low, 1 / d, into, to + 4);
            } else {
                scalar.quantize(values, start, 1, BLOCK, null, into, to);
            }
        }
    }

    private static int magnitudeBits(float low, float high) {
        return Math.max(
                Float.floatToRawIntBits(low) & 0x7fffffff,
                Float.floatToRawIntBits(high) & 0x7fffffff);
    }

    /**
     * The highest value, or with {@code flip} -1 the lowest: of integers in the same order, which
     * are a float's bits, all but the sign flipped where it is negative.
     */
    private static float extreme(float[] x, int from, int flip) {
        IntVector most = IntVector.broadcast(INTS, Integer.MIN_VALUE);
        for (int i = 0; i < BLOCK; i += COUNT) {
            IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
            IntVector sign = bits.lanewise(VectorOperators.ASHR, 31);
            bits = bits.lanewise(VectorOperators.XOR, sign.and(0x7fffffff));
            most = most.max(bits.lanewise(VectorOperators.XOR, flip));
        }
        int bits = most.reduceLanes(VectorOperators.MAX) ^ flip;
        return Float.intBitsToFloat(bits ^ ((bits >> 31) & 0x7fffffff));
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
            int start = from + b * BLOCK;
            int to = at + b * blockBytes;
            float scale = search.scale[b];
            float low = search.low[b];
            if (search.sound[b] != 0) {
                float inverse = search.inverse[b];
                Codes.multiply(x, start, BLOCK, inverse, search.codeLow[b], max, codes, 0);
            } else {
                System.arraycopy(weighted.flatWeights(), b * BLOCK, blockWeights, 0, BLOCK);
                scale = scalarSearch.search(x, start, BLOCK, blockWeights, codes, 0);
                low = -scalarSearch.min();
            }
            LittleEndian.putF16(into, to, scale);
            LittleEndian.putF16(into, to + 2, low);
            pack(codes, into, to + 4);
        }
    }
}
