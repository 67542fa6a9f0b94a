package tk.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A GGUF header in the making, little-endian. */
final class GgufOutput {
    private ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

    void i8(int value) {
        room(1).put((byte) value);
    }

    void i16(int value) {
        room(2).putShort((short) value);
    }

    void i32(int value) {
        room(4).putInt(value);
    }

    void i64(long value) {
        room(8).putLong(value);
    }

    void raw(byte[] value) {
        room(value.length).put(value);
    }

    void text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        i64(utf8.length);
        raw(utf8);
    }

    /** A number of this type, given as {@link GgufValue.Numbers} gives it. */
    void number(GgufValueType type, long value) {
        switch (type) {
            case U8, I8, BOOL -> i8((int) value);
            case U16, I16 -> i16((int) value);
            case U32, I32 -> i32((int) value);
            case U64, I64, F64 -> i64(value);
            case F32, STRING, ARRAY -> throw new IllegalArgumentException(type + " is no number");
        }
    }

    /** What was written, followed by zeros up to a multiple of {@code alignment}. */
    byte[] padded(long alignment) {
        int length = Math.toIntExact(GgufHeader.pad(bytes.position(), alignment));
        return Arrays.copyOf(Arrays.copyOf(bytes.array(), bytes.position()), length);
    }

    private ByteBuffer room(int length) {
        if (bytes.remaining() < length) {
            long size = Math.max(2L * bytes.capacity(), (long) bytes.position() + length);
            byte[] larger =
                    Arrays.copyOf(bytes.array(), (int) Math.min(size, Integer.MAX_VALUE - 16));
            bytes =
                    ByteBuffer.wrap(larger)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .position(bytes.position());
        }
        return bytes;
    }
}
