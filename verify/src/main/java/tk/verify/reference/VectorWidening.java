package tk.verify.reference;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import tk.tensor.Scalars;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;

/**
 * Stored rows to F32 on vectors, for the types models mostly have: the same bits as {@link
 * tk.quantize.FloatRows}, whose codecs draw the layouts, a few times sooner.
 *
 * <p>Segments are scratch or resident memory, never a mapped file.
 */
final class VectorWidening {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, FLOATS.vectorShape());
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Math.max(64, 16 * LANES)));
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * LANES)));
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private static final int SIXES = 0x3f3f3f3f;
    private static final int NIBBLES = 0x0f0f0f0f;
    private static final int PAIRS = 0x30303030;

    private VectorWidening() {}

    /** Bytes of 4-lane machines would not fill the smallest vector. */
    static boolean possible() {
        return LANES == 8 || LANES == 16;
    }

    static void bf16(MemorySegment from, long at, float[] into, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            ShortVector.fromMemorySegment(SHORTS, from, at + 2L * i, LITTLE)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(into, i);
        }
        for (; i < count; i++) into[i] = Scalars.fromBf16(from.get(Scalars.LE_SHORT, at + 2L * i));
    }

    /** Blocks of 34 bytes: d, 32 signed bytes. */
    static void q8x0(MemorySegment from, long at, float[] into, int count) {
        for (int i = 0; i < count; i += 32, at += 34) {
            float d = f16(from, at);
            for (int l = 0; l < 32; l += LANES) {
                ByteVector.fromMemorySegment(BYTES, from, at + 2 + l, LITTLE)
                        .convertShape(VectorOperators.B2F, FLOATS, 0)
                        .reinterpretAsFloats()
                        .mul(d)
                        .intoArray(into, i + l);
            }
        }
    }

    /** Super-blocks of 144 bytes: d, dmin, 12 bytes of scales and minimums, 128 of nibbles. */
    static void q4k(MemorySegment from, long at, float[] into, int count) {
        for (int i = 0; i < count; i += 256, at += 144) {
            float d = f16(from, at);
            float dmin = f16(from, at + 2);
            long scales = scales(from, at + 4);
            long mins = mins(from, at + 4);
            for (int pair = 0; pair < 4; pair++, scales >>>= 16, mins >>>= 16) {
                float scale0 = d * (scales & 63);
                float min0 = dmin * (mins & 63);
                float scale1 = d * (scales >> 8 & 63);
                float min1 = dmin * (mins >> 8 & 63);
                for (int l = 0; l < 32; l += LANES) {
                    IntVector q = bytes(from, at + 16 + 32L * pair + l);
                    int to = i + 64 * pair + l;
                    store(q.and(15), scale0, min0, into, to);
                    store(q.lanewise(VectorOperators.LSHR, 4), scale1, min1, into, to + 32);
                }
            }
        }
    }

    /** Super-blocks of 176 bytes: as Q4_K, with 32 bytes of fifth bits before the nibbles. */
    static void q5k(MemorySegment from, long at, float[] into, int count) {
        for (int i = 0; i < count; i += 256, at += 176) {
            float d = f16(from, at);
            float dmin = f16(from, at + 2);
            long scales = scales(from, at + 4);
            long mins = mins(from, at + 4);
            for (int pair = 0; pair < 4; pair++, scales >>>= 16, mins >>>= 16) {
                float scale0 = d * (scales & 63);
                float min0 = dmin * (mins & 63);
                float scale1 = d * (scales >> 8 & 63);
                float min1 = dmin * (mins >> 8 & 63);
                for (int l = 0; l < 32; l += LANES) {
                    IntVector q = bytes(from, at + 48 + 32L * pair + l);
                    IntVector fifth =
                            bytes(from, at + 16 + l).lanewise(VectorOperators.LSHR, 2 * pair);
                    int to = i + 64 * pair + l;
                    IntVector low = fifth.and(1).lanewise(VectorOperators.LSHL, 4).or(q.and(15));
                    IntVector high =
                            fifth.and(2)
                                    .lanewise(VectorOperators.LSHL, 3)
                                    .or(q.lanewise(VectorOperators.LSHR, 4));
                    store(low, scale0, min0, into, to);
                    store(high, scale1, min1, into, to + 32);
                }
            }
        }
    }

    /** Super-blocks of 210 bytes: 128 of low nibbles, 64 of high pairs, 16 signed scales, d. */
    static void q6k(MemorySegment from, long at, float[] into, int count) {
        int step = Math.min(LANES, 16);
        for (int i = 0; i < count; i += 256, at += 210) {
            float d = f16(from, at + 208);
            for (int sub = 0; sub < 16; sub++) {
                float scale = d * from.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at + 192 + sub);
                int half = sub / 8;
                int quarter = sub / 2 % 4;
                for (int l = 16 * (sub % 2); l < 16 * (sub % 2) + 16; l += step) {
                    IntVector low =
                            bytes(from, at + 64L * half + 32L * (quarter % 2) + l)
                                    .lanewise(VectorOperators.LSHR, 4 * (quarter / 2))
                                    .and(15);
                    IntVector high =
                            bytes(from, at + 128 + 32L * half + l)
                                    .lanewise(VectorOperators.LSHR, 2 * quarter)
                                    .and(3)
                                    .lanewise(VectorOperators.LSHL, 4);
                    low.or(high)
                            .sub(32)
                            .convertShape(VectorOperators.I2F, FLOATS, 0)
                            .reinterpretAsFloats()
                            .mul(scale)
                            .intoArray(into, i + 128 * half + 32 * quarter + l);
                }
            }
        }
    }

    private static IntVector bytes(MemorySegment from, long at) {
        return ByteVector.fromMemorySegment(BYTES, from, at, LITTLE)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                .reinterpretAsInts();
    }

    private static void store(IntVector q, float scale, float min, float[] into, int to) {
        q.convertShape(VectorOperators.I2F, FLOATS, 0)
                .reinterpretAsFloats()
                .mul(scale)
                .sub(min)
                .intoArray(into, to);
    }

    static float f16(MemorySegment from, long at) {
        return Float.float16ToFloat(from.get(Scalars.LE_SHORT, at));
    }

    /** The eight scales of the 12 packed bytes of Q4_K and Q5_K: six bits in each byte. */
    static long scales(MemorySegment from, long at) {
        int low = from.get(Scalars.LE_INT, at);
        int high = from.get(Scalars.LE_INT, at + 8) & NIBBLES | (low >>> 2 & PAIRS);
        return (long) (low & SIXES) | (long) high << 32;
    }

    /** The eight minimums of them. */
    static long mins(MemorySegment from, long at) {
        int low = from.get(Scalars.LE_INT, at + 4);
        int high = from.get(Scalars.LE_INT, at + 8) >>> 4 & NIBBLES | (low >>> 2 & PAIRS);
        return (long) (low & SIXES) | (long) high << 32;
    }
}
