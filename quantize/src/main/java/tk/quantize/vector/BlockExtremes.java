package tk.quantize.vector;

import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.XOR;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Extremes of blocks of 32 values that follow each other. A NaN counts as larger than infinity.
 *
 * <p>Compared are the bits, in which floats of one sign have the order of their magnitudes: as
 * signed integers those of positive floats come after all others, as unsigned ones those of
 * negative floats.
 */
final class BlockExtremes {
    static final int BLOCK = 32;
    private static final int MAGNITUDE = 0x7fffffff;

    /** 256 bits at most: a wider vector takes a step more to reduce than it saves before. */
    private static final VectorShape SHAPE =
            VectorShape.forBitSize(Math.min(256, Lanes.FLOATS.vectorBitSize()));

    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final int COUNT = FLOATS.length();

    // Loops run to a constant, so that the compiler knows how often, and unrolls them.

    private BlockExtremes() {}

    /** Bits of the largest magnitude of each block. */
    static void magnitudes(float[] x, int from, int blocks, int[] into) {
        for (int b = 0; b < blocks; b++) {
            int start = from + b * BLOCK;
            IntVector most = IntVector.zero(INTS);
            for (int l = 0; l < BLOCK; l += COUNT) {
                IntVector bits = FloatVector.fromArray(FLOATS, x, start + l).reinterpretAsInts();
                most = most.max(bits.and(MAGNITUDE));
            }
            into[b] = most.reduceLanes(MAX);
        }
    }

    /**
     * Bits of the largest magnitudes on either side of zero; below zero where there is no value.
     *
     * @param above receives those of the largest value from +0 up
     * @param below receives those of the lowest value from -0 down, without the sign
     */
    static void sides(float[] x, int from, int blocks, int[] above, int[] below) {
        for (int b = 0; b < blocks; b++) {
            int start = from + b * BLOCK;
            IntVector positive = FloatVector.fromArray(FLOATS, x, start).reinterpretAsInts();
            IntVector negative = positive;
            for (int l = COUNT; l < BLOCK; l += COUNT) {
                IntVector bits = FloatVector.fromArray(FLOATS, x, start + l).reinterpretAsInts();
                positive = positive.max(bits);
                negative = negative.lanewise(UMAX, bits);
            }
            above[b] = positive.reduceLanes(MAX);
            below[b] = negative.lanewise(XOR, ~MAGNITUDE).reduceLanes(MAX);
        }
    }

    /** The smallest magnitude of a block. */
    static float least(float[] x, int from) {
        IntVector least = IntVector.broadcast(INTS, MAGNITUDE);
        for (int l = 0; l < BLOCK; l += COUNT) {
            IntVector bits = FloatVector.fromArray(FLOATS, x, from + l).reinterpretAsInts();
            least = least.min(bits.and(MAGNITUDE));
        }
        return Float.intBitsToFloat(least.reduceLanes(MIN));
    }

    /** The first value of a block whose magnitude, which one has, has these bits. */
    static float first(float[] x, int from, int magnitude) {
        int i = from;
        while ((Float.floatToRawIntBits(x[i]) & MAGNITUDE) != magnitude) i++;
        return x[i];
    }
}
