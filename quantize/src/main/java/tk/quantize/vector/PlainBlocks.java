package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;

/**
 * What the types of 32 values share that need no search where there is no importance: a scale from
 * the block's extremes, and codes by one multiplication.
 *
 * <p>Each type's {@link #encode} repeats the lines that make codes of a vector: in a method of
 * their own they would take and return vectors, which become objects wherever the compiler leaves
 * the call.
 */
abstract class PlainBlocks extends BatchKernel {
    static final int BLOCK = BlockExtremes.BLOCK;

    /** Blocks of a batch. */
    static final int BATCH = VALUES / BLOCK;

    /**
     * Bits of the magnitudes between which neither a scale's inverse nor a difference of values can
     * overflow. Zero lies outside.
     */
    private static final int LEAST = Float.floatToRawIntBits(1e-30f);

    private static final int MOST = Float.floatToRawIntBits(1e30f);

    final int blockBytes;

    /** The scale of each measured block, and what multiplies its values. */
    final float[] scale = new float[BATCH];

    final float[] inverse = new float[BATCH];

    /** The scales as F16. */
    final short[] half = new short[BATCH];

    /** Bits of the largest magnitude of what is multiplied, in each measured block. */
    final int[] magnitude = new int[BATCH];

    /** A bit for each block where these do not hold, as many in a number as there are lanes. */
    private final long[] unfit = new long[BATCH / COUNT];

    PlainBlocks(BlockKernel scalar, int blockBytes) {
        super(scalar, BLOCK, blockBytes);
        this.blockBytes = blockBytes;
    }

    /**
     * Blocks whose values are not all finite are left to the scalar kernel like others that {@link
     * #magnitude} tells of.
     */
    @Override
    boolean takes(float[] x, int from, int count, float @Nullable [] importance, int columns) {
        return importance == null || super.takes(x, from, count, importance, columns);
    }

    /**
     * Finds {@link #scale} and {@link #magnitude} of so many blocks, a multiple of the lanes; of
     * what is not finite neither is within the limits.
     */
    abstract void measure(float[] x, int from, int blocks);

    /** Writes measured blocks. May write up to four bytes too many. */
    abstract void encode(float[] x, int from, int blocks, byte[] into, int at);

    /** Quantizes blocks without importance. */
    final void quantizePlain(float[] x, int from, int count, byte[] into, int at) {
        // Four lanes of codes are stored as eight bytes: the last block must not be among these.
        int whole = (COUNT < 8 ? count - 1 : count) / COUNT * COUNT;
        if (whole > 0) {
            measure(x, from, whole);
            invert(whole);
            halve(scale, half, whole);
            encode(x, from, whole, into, at);
        }
        for (int b = 0; b < whole; b += COUNT) {
            for (long left = unfit[b / COUNT]; left != 0; left &= left - 1) {
                quantizeBlock(x, from, b + Long.numberOfTrailingZeros(left), into, at);
            }
        }
        for (int b = whole; b < count; b++) quantizeBlock(x, from, b, into, at);
    }

    private void quantizeBlock(float[] x, int from, int b, byte[] into, int at) {
        quantizeScalar(x, from + b * BLOCK, null, 0, into, at + b * blockBytes);
    }

    /** F16 of scales: the compiler makes one instruction for a vector of this. */
    static void halve(float[] from, short[] into, int count) {
        for (int b = 0; b < count; b++) into[b] = Float.floatToFloat16(from[b]);
    }

    /**
     * Finds the inverses of measured scales, and where they don't hold. It reads the scales from
     * memory: a vector handed over would become an object wherever the compiler leaves the call.
     */
    private void invert(int blocks) {
        for (int b = 0; b < blocks; b += COUNT) {
            FloatVector d = FloatVector.fromArray(FLOATS, scale, b);
            FloatVector.broadcast(FLOATS, 1).div(d).intoArray(inverse, b);
            IntVector m = IntVector.fromArray(INTS, magnitude, b);
            unfit[b / COUNT] =
                    m.compare(VectorOperators.LT, LEAST)
                            .or(m.compare(VectorOperators.GT, MOST))
                            .toLong();
        }
    }
}
