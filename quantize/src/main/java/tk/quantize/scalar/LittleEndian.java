package tk.quantize.scalar;

import tk.tensor.Scalars;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Numbers in byte arrays, low byte first. */
public final class LittleEndian {
    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    /** The value of an F16. */
    public static float f16(byte[] bytes, int at) {
        return Float.float16ToFloat((short) SHORT.get(bytes, at));
    }

    /** Stores {@code value} as F16 and returns what it then reads as. */
    public static float putF16(byte[] bytes, int at, float value) {
        short bits = Scalars.toF16(value);
        SHORT.set(bytes, at, bits);
        return Float.float16ToFloat(bits);
    }

    /** An unsigned 16-bit integer. */
    public static int u16(byte[] bytes, int at) {
        return (short) SHORT.get(bytes, at) & 0xffff;
    }

    /** Stores the low 16 bits. */
    public static void putU16(byte[] bytes, int at, int value) {
        SHORT.set(bytes, at, (short) value);
    }

    /** A 32-bit integer. */
    public static int i32(byte[] bytes, int at) {
        return (int) INT.get(bytes, at);
    }

    /** Stores a 32-bit integer. */
    public static void putI32(byte[] bytes, int at, int value) {
        INT.set(bytes, at, value);
    }
}
