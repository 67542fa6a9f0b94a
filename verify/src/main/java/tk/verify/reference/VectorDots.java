package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Dot products of a row with a vector: what decoding one token at a time consists of. Of stored
 * rows they run at the speed of memory, so the row is read once and never written.
 */
final class VectorDots {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, 16 * LANES)));
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private VectorDots() {}

    /**
     * {@code count}, a multiple of the lanes, F32 values from byte {@code at} on. A row after the
     * other and in two sums: measured at 30 GB/s on huge pages, where four sums gave 12 and four
     * rows side by side 17.
     */
    static float f32(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            s0 =
                    FloatVector.fromMemorySegment(FLOATS, w, at + 4L * i, LITTLE)
                            .fma(FloatVector.fromArray(FLOATS, x, xAt + i), s0);
            s1 =
                    FloatVector.fromMemorySegment(FLOATS, w, at + 4L * (i + LANES), LITTLE)
                            .fma(FloatVector.fromArray(FLOATS, x, xAt + i + LANES), s1);
        }
        for (; i < count; i += LANES) {
            s0 =
                    FloatVector.fromMemorySegment(FLOATS, w, at + 4L * i, LITTLE)
                            .fma(FloatVector.fromArray(FLOATS, x, xAt + i), s0);
        }
        return LaneSum.of(s0.add(s1));
    }

    /**
     * {@code Σ_k a[k] · b[k]} of two runs of any length, in as many partial sums as four vectors
     * have lanes.
     */
    static float f32(float[] a, int aAt, float[] b, int bAt, int count) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - 4 * LANES; i += 4 * LANES) {
            int p = aAt + i;
            int q = bAt + i;
            s0 = FloatVector.fromArray(FLOATS, a, p).fma(FloatVector.fromArray(FLOATS, b, q), s0);
            s1 =
                    FloatVector.fromArray(FLOATS, a, p + LANES)
                            .fma(FloatVector.fromArray(FLOATS, b, q + LANES), s1);
            s2 =
                    FloatVector.fromArray(FLOATS, a, p + 2 * LANES)
                            .fma(FloatVector.fromArray(FLOATS, b, q + 2 * LANES), s2);
            s3 =
                    FloatVector.fromArray(FLOATS, a, p + 3 * LANES)
                            .fma(FloatVector.fromArray(FLOATS, b, q + 3 * LANES), s3);
        }
        for (; i <= count - LANES; i += LANES) {
            s0 =
                    FloatVector.fromArray(FLOATS, a, aAt + i)
                            .fma(FloatVector.fromArray(FLOATS, b, bAt + i), s0);
        }
        float sum = LaneSum.of(s0.add(s1).add(s2.add(s3)));
        for (; i < count; i++) sum += a[aAt + i] * b[bAt + i];
        return sum;
    }

    /** {@code count}, a multiple of the lanes, BF16 values from byte {@code at} on. */
    static float bf16(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector s0 = FloatVector.zero(FLOATS);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            FloatVector w0 =
                    ShortVector.fromMemorySegment(SHORTS, w, at + 2L * i, LITTLE)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                            .reinterpretAsInts()
                            .lanewise(VectorOperators.LSHL, 16)
                            .reinterpretAsFloats();
            FloatVector w1 =
                    ShortVector.fromMemorySegment(SHORTS, w, at + 2L * (i + LANES), LITTLE)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                            .reinterpretAsInts()
                            .lanewise(VectorOperators.LSHL, 16)
                            .reinterpretAsFloats();
            s0 = w0.fma(FloatVector.fromArray(FLOATS, x, xAt + i), s0);
            s1 = w1.fma(FloatVector.fromArray(FLOATS, x, xAt + i + LANES), s1);
        }
        for (; i < count; i += LANES) {
            IntVector bits =
                    ShortVector.fromMemorySegment(SHORTS, w, at + 2L * i, LITTLE)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                            .reinterpretAsInts()
                            .lanewise(VectorOperators.LSHL, 16);
            s0 = bits.reinterpretAsFloats().fma(FloatVector.fromArray(FLOATS, x, xAt + i), s0);
        }
        return LaneSum.of(s0.add(s1));
    }
}
