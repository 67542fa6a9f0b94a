package tk.verify.reference;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import tk.tensor.Scalars;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Dot products of rows stored in blocks with a vector: each value is widened in a register, as
 * {@link VectorWidening} widens it, and multiplied there, so that nothing is written. The layouts
 * are drawn at the codecs of {@code tk.quantize}.
 *
 * <p>Each in one piece, and scales taken eight at a time from a word: what the compiler does not
 * inline any more in a long method is a vector made an object, or a check on every byte.
 */
final class VectorBlockDots {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private VectorBlockDots() {}

    /**
     * {@code Σ_k w[k] · x[k]} for blocks of 34 bytes: d, 32 signed bytes.
     *
     * @param w a row of {@code count} values from byte {@code at} on
     * @param x as many values from index {@code xAt} on
     */
    static float q8x0(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = 0; i < count; i += 32, at += 34) {
            FloatVector d = FloatVector.broadcast(FLOATS, VectorWidening.f16(w, at));
            for (int l = 0; l < 32; l += LANES) {
                sum =
                        ByteVector.fromMemorySegment(BYTES, w, at + 2 + l, LITTLE)
                                .convertShape(VectorOperators.B2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d)
                                .fma(FloatVector.fromArray(FLOATS, x, xAt + i + l), sum);
            }
        }
        return LaneSum.of(sum);
    }

    /** Likewise for blocks of 18 bytes: d, 16 bytes of nibbles, the low ones first. */
    static float q4x0(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector low = FloatVector.zero(FLOATS);
        FloatVector high = low;
        for (int i = 0; i < count; i += 32, at += 18) {
            FloatVector d = FloatVector.broadcast(FLOATS, VectorWidening.f16(w, at));
            for (int l = 0; l < 16; l += LANES) {
                IntVector q =
                        ByteVector.fromMemorySegment(BYTES, w, at + 2 + l, LITTLE)
                                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                .reinterpretAsInts();
                low =
                        q.and(15)
                                .sub(8)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d)
                                .fma(FloatVector.fromArray(FLOATS, x, xAt + i + l), low);
                high =
                        q.lanewise(VectorOperators.LSHR, 4)
                                .sub(8)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d)
                                .fma(FloatVector.fromArray(FLOATS, x, xAt + i + l + 16), high);
            }
        }
        return LaneSum.of(low.add(high));
    }

    /**
     * Likewise for super-blocks of 144 bytes: d, dmin, 12 bytes of scales and minimums, 128 of
     * nibbles.
     */
    static float q4k(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector low = FloatVector.zero(FLOATS);
        FloatVector high = low;
        for (int i = 0; i < count; i += 256, at += 144) {
            float d = VectorWidening.f16(w, at);
            float dmin = VectorWidening.f16(w, at + 2);
            long scales = VectorWidening.scales(w, at + 4);
            long mins = VectorWidening.mins(w, at + 4);
            for (int pair = 0; pair < 4; pair++, scales >>>= 16, mins >>>= 16) {
                FloatVector scale0 = FloatVector.broadcast(FLOATS, d * (scales & 63));
                FloatVector min0 = FloatVector.broadcast(FLOATS, -dmin * (mins & 63));
                FloatVector scale1 = FloatVector.broadcast(FLOATS, d * (scales >> 8 & 63));
                FloatVector min1 = FloatVector.broadcast(FLOATS, -dmin * (mins >> 8 & 63));
                long from = at + 16 + 32L * pair;
                int p = xAt + i + 64 * pair;
                for (int l = 0; l < 32; l += LANES) {
                    IntVector q =
                            ByteVector.fromMemorySegment(BYTES, w, from + l, LITTLE)
                                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                    .reinterpretAsInts();
                    low =
                            q.and(15)
                                    .convertShape(VectorOperators.I2F, FLOATS, 0)
                                    .reinterpretAsFloats()
                                    .fma(scale0, min0)
                                    .fma(FloatVector.fromArray(FLOATS, x, p + l), low);
                    high =
                            q.lanewise(VectorOperators.LSHR, 4)
                                    .convertShape(VectorOperators.I2F, FLOATS, 0)
                                    .reinterpretAsFloats()
                                    .fma(scale1, min1)
                                    .fma(FloatVector.fromArray(FLOATS, x, p + l + 32), high);
                }
            }
        }
        return LaneSum.of(low.add(high));
    }

    /**
     * Likewise for super-blocks of 176 bytes: as Q4_K, with 32 of fifth bits before the nibbles.
     */
    static float q5k(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector low = FloatVector.zero(FLOATS);
        FloatVector high = low;
        for (int i = 0; i < count; i += 256, at += 176) {
            float d = VectorWidening.f16(w, at);
            float dmin = VectorWidening.f16(w, at + 2);
            long scales = VectorWidening.scales(w, at + 4);
            long mins = VectorWidening.mins(w, at + 4);
            for (int pair = 0; pair < 4; pair++, scales >>>= 16, mins >>>= 16) {
                FloatVector scale0 = FloatVector.broadcast(FLOATS, d * (scales & 63));
                FloatVector min0 = FloatVector.broadcast(FLOATS, -dmin * (mins & 63));
                FloatVector scale1 = FloatVector.broadcast(FLOATS, d * (scales >> 8 & 63));
                FloatVector min1 = FloatVector.broadcast(FLOATS, -dmin * (mins >> 8 & 63));
                long from = at + 48 + 32L * pair;
                int p = xAt + i + 64 * pair;
                for (int l = 0; l < 32; l += LANES) {
                    IntVector q =
                            ByteVector.fromMemorySegment(BYTES, w, from + l, LITTLE)
                                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                    .reinterpretAsInts();
                    IntVector fifth =
                            ByteVector.fromMemorySegment(BYTES, w, at + 16 + l, LITTLE)
                                    .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                    .reinterpretAsInts()
                                    .lanewise(VectorOperators.LSHR, 2 * pair);
                    low =
                            fifth.and(1)
                                    .lanewise(VectorOperators.LSHL, 4)
                                    .or(q.and(15))
                                    .convertShape(VectorOperators.I2F, FLOATS, 0)
                                    .reinterpretAsFloats()
                                    .fma(scale0, min0)
                                    .fma(FloatVector.fromArray(FLOATS, x, p + l), low);
                    high =
                            fifth.and(2)
                                    .lanewise(VectorOperators.LSHL, 3)
                                    .or(q.lanewise(VectorOperators.LSHR, 4))
                                    .convertShape(VectorOperators.I2F, FLOATS, 0)
                                    .reinterpretAsFloats()
                                    .fma(scale1, min1)
                                    .fma(FloatVector.fromArray(FLOATS, x, p + l + 32), high);
                }
            }
        }
        return LaneSum.of(low.add(high));
    }

    /**
     * Likewise for super-blocks of 210 bytes: 128 of low nibbles, 64 of high pairs, 16 signed
     * scales, d. A byte of pairs belongs to four values, 32 apart, and two bytes of nibbles do.
     */
    static float q6k(MemorySegment w, long at, float[] x, int xAt, int count) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int i = 0; i < count; i += 256, at += 210) {
            float d = VectorWidening.f16(w, at + 208);
            for (int l = 0; l < 64; l += LANES) {
                int half = l / 32;
                int p = xAt + i + 96 * half + l;
                long scales = w.get(Scalars.LE_LONG, at + 192 + 8L * half) >>> (l & 16) / 2;
                IntVector first =
                        ByteVector.fromMemorySegment(BYTES, w, at + 32L * half + l, LITTLE)
                                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                .reinterpretAsInts();
                IntVector second =
                        ByteVector.fromMemorySegment(BYTES, w, at + 32L * half + l + 32, LITTLE)
                                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                .reinterpretAsInts();
                IntVector pairs =
                        ByteVector.fromMemorySegment(BYTES, w, at + 128 + l, LITTLE)
                                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                                .reinterpretAsInts();
                sum0 =
                        pairs.lanewise(VectorOperators.LSHL, 4)
                                .and(0x30)
                                .or(first.and(15))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d * (byte) scales)
                                .fma(FloatVector.fromArray(FLOATS, x, p), sum0);
                sum1 =
                        pairs.lanewise(VectorOperators.LSHL, 2)
                                .and(0x30)
                                .or(second.and(15))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d * (byte) (scales >> 16))
                                .fma(FloatVector.fromArray(FLOATS, x, p + 32), sum1);
                sum2 =
                        pairs.and(0x30)
                                .or(first.lanewise(VectorOperators.LSHR, 4))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d * (byte) (scales >> 32))
                                .fma(FloatVector.fromArray(FLOATS, x, p + 64), sum2);
                sum3 =
                        pairs.lanewise(VectorOperators.LSHR, 2)
                                .and(0x30)
                                .or(second.lanewise(VectorOperators.LSHR, 4))
                                .sub(32)
                                .convertShape(VectorOperators.I2F, FLOATS, 0)
                                .reinterpretAsFloats()
                                .mul(d * (byte) (scales >> 48))
                                .fma(FloatVector.fromArray(FLOATS, x, p + 96), sum3);
            }
        }
        return LaneSum.of(sum0.add(sum1).add(sum2.add(sum3)));
    }
}
