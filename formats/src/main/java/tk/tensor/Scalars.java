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
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    into[index + i] = fromBf16(from.get(LE_SHORT, offset + 2L * i));
                }
            }
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
        switch (type) {
            case F32 -> MemorySegment.copy(from, index, into, LE_FLOAT, offset, count);
            case F16 -> {
                for (int i = 0; i < count; i++)
                    into.set(LE_SHORT, offset + 2L * i, toF16(from[index + i]));
            }
            case BF16 -> {
                for (int i = 0; i < count; i++)
                    into.set(LE_SHORT, offset + 2L * i, toBf16(from[index + i]));
            }
            case F64 -> {
                for (int i = 0; i < count; i++)
                    into.set(LE_DOUBLE, offset + 8L * i, from[index + i]);
            }
            default -> throw new IllegalArgumentException("F32 cannot be narrowed to " + type);
        }
    }

    /** The byte at {@code offset}, unsigned. */
    public static int unsignedByte(MemorySegment from, long offset) {
        return from.get(JAVA_BYTE, offset) & 0xff;
    }
}
