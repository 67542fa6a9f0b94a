package tk.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Conversions between F32 and the other floating-point scalars, as IEEE 754 and ggml define them.
 *
 * <p>F16 and BF16 narrow by rounding to nearest, ties to even; too large a value becomes infinite.
 * Widening is exact.
 */
public final class Scalars {
    /** Little-endian 16-bit values at any address. */
    public static final ValueLayout.OfShort LE_SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Little-endian 32-bit integers at any address. */
    public static final ValueLayout.OfInt LE_INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Little-endian 64-bit integers at any address. */
    public static final ValueLayout.OfLong LE_LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Little-endian F32 at any address. */
    public static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Little-endian F64 at any address. */
    public static final ValueLayout.OfDouble LE_DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** Whether two floats of an array, seen as a long, stand in it as in a file. */
    private static final boolean PAIRS = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;

    private Scalars() {}

    /** BF16 bits of {@code value}; a NaN stays one, made quiet. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) return (short) ((bits >>> 16) | 64);
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The value that BF16 bits stand for. */
    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** F16 bits of {@code value}; a NaN becomes the quiet one of its sign, as in ggml. */
    public static short toF16(float value) {
        if (Float.isNaN(value)) {
            return (short) (((Float.floatToRawIntBits(value) >>> 16) & 0x8000) | 0x7e00);
        }
        return Float.floatToFloat16(value);
    }

    /** The value that F16 bits stand for. */
    public static float fromF16(short bits) {
        return Float.float16ToFloat(bits);
    }

    /** Whether values of this type can be widened by {@link #widen}. */
    public static boolean canWiden(DType type) {
        return switch (type) {
            case F32, F16, BF16, F64 -> true;
            default -> false;
        };
    }

    /**
     * Widens {@code count} stored values to F32. F64 is rounded to nearest.
     *
     * @param type F32, F16, BF16 or F64
     * @param from little-endian values from byte {@code offset} on
     * @param into receives {@code count} values from index {@code index} on
     */
    public static void widen(
            DType type, MemorySegment from, long offset, float[] into, int index, int count) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, LE_FLOAT, offset, into, index, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    into[index + i] = Float.float16ToFloat(from.get(LE_SHORT, offset + 2L * i));
                }
            }
            case BF16 -> widenBf16(from, offset, into, index, count);
            case F64 -> {
                for (int i = 0; i < count; i++) {
                    into[index + i] = (float) from.get(LE_DOUBLE, offset + 8L * i);
                }
            }
            default -> throw new IllegalArgumentException(type + " cannot be widened to F32");
        }
    }

    /**
     * Narrows {@code count} F32 values to {@code type}.
     *
     * @param type F32, F16, BF16 or F64
     * @param into receives little-endian values from byte {@code offset} on
     */
    public static void narrow(
            DType type, float[] from, int index, MemorySegment into, long offset, int count) {
        boolean rounds = type == DType.F16 || type == DType.BF16;
        if (!rounds || !hasNan(from, index, count)) {
            narrowNumbers(type, from, index, into, offset, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            float value = from[index + i];
            short bits = type == DType.F16 ? toF16(value) : toBf16(value);
            into.set(LE_SHORT, offset + 2L * i, bits);
        }
    }

    /** As {@link #narrow}, faster; the caller knows that no value is NaN. */
    public static void narrowNumbers(
            DType type, float[] from, int index, MemorySegment into, long offset, int count) {
        switch (type) {
            case F32 -> MemorySegment.copy(from, index, into, LE_FLOAT, offset, count);
            case F16 -> narrowToF16(from, index, into, offset, count);
            case BF16 -> narrowToBf16(from, index, into, offset, count);
            case F64 -> {
                for (int i = 0; i < count; i++)
                    into.set(LE_DOUBLE, offset + 8L * i, from[index + i]);
            }
            default -> throw new IllegalArgumentException("F32 cannot be narrowed to " + type);
        }
    }

    /**
     * The bits, without the sign, of the value that is largest without its sign. Magnitudes are
     * ordered as their bits are; infinity ({@code 0x7f800000}) lies above the finite ones, and NaN
     * above infinity.
     */
    public static int largestMagnitude(float[] values, int index, int count) {
        // As integers in memory: the compiler has no vector instruction for floatToRawIntBits.
        MemorySegment bits = MemorySegment.ofArray(values);
        long start = 4L * index;
        int largest = 0;
        for (int i = 0; i < count; i++) {
            int magnitude = bits.get(ValueLayout.JAVA_INT_UNALIGNED, start + 4L * i) & 0x7fffffff;
            largest = Math.max(largest, magnitude);
        }
        return largest;
    }

    private static boolean hasNan(float[] values, int index, int count) {
        return largestMagnitude(values, index, count) > 0x7f800000;
    }

    /** Two values at a time, as one integer: that the compiler turns into vector instructions. */
    private static void widenBf16(
            MemorySegment from, long offset, float[] into, int index, int count) {
        MemorySegment bits = MemorySegment.ofArray(into);
        long start = 4L * index;
        int pairs = PAIRS ? count / 2 : 0;
        for (int i = 0; i < pairs; i++) {
            long pair = from.get(LE_INT, offset + 4L * i);
            bits.set(LE_LONG, start + 8L * i, (pair & 0xffff) << 16 | (pair & 0xffff0000L) << 32);
        }
        for (int i = 2 * pairs; i < count; i++) {
            into[index + i] = fromBf16(from.get(LE_SHORT, offset + 2L * i));
        }
    }

    private static void narrowToF16(
            float[] from, int index, MemorySegment into, long offset, int count) {
        for (int i = 0; i < count; i++) {
            into.set(LE_SHORT, offset + 2L * i, Float.floatToFloat16(from[index + i]));
        }
    }

    /** As {@link #widenBf16}; no value is NaN. */
    private static void narrowToBf16(
            float[] from, int index, MemorySegment into, long offset, int count) {
        MemorySegment bits = MemorySegment.ofArray(from);
        long start = 4L * index;
        int pairs = PAIRS ? count / 2 : 0;
        for (int i = 0; i < pairs; i++) {
            long pair = bits.get(LE_LONG, start + 8L * i);
            long first = pair & 0xffffffffL;
            long second = pair >>> 32;
            into.set(
                    LE_INT,
                    offset + 4L * i,
                    (int)
                            ((first + 0x7fff + (first >>> 16 & 1)) >>> 16
                                    | (second + 0x7fff + (second >>> 16 & 1)) & 0xffff0000L));
        }
        for (int i = 2 * pairs; i < count; i++) {
            into.set(LE_SHORT, offset + 2L * i, toBf16(from[index + i]));
        }
    }

    /** The byte at {@code offset}, unsigned. */
    public static int unsignedByte(MemorySegment from, long offset) {
        return from.get(JAVA_BYTE, offset) & 0xff;
    }
}
