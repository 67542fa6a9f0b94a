package tk.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A GGUF file spelled out field by field, right or wrong: the tests' own writer. */
final class GgufBytes {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final ByteOrder order;

    private GgufBytes(ByteOrder order) {
        this.order = order;
    }

    /** Magic, version 3 and the two counts. */
    static GgufBytes header(long tensors, long values) {
        return header(ByteOrder.LITTLE_ENDIAN, 3, tensors, values);
    }

    static GgufBytes header(ByteOrder order, int version, long tensors, long values) {
        return new GgufBytes(order).raw('G', 'G', 'U', 'F').u32(version).u64(tensors).u64(values);
    }

    GgufBytes raw(int... values) {
        for (int value : values) bytes.write(value);
        return this;
    }

    GgufBytes u16(int value) {
        return number(value, 2);
    }

    GgufBytes u32(long value) {
        return number(value, 4);
    }

    GgufBytes u64(long value) {
        return number(value, 8);
    }

    GgufBytes f32(float value) {
        return u32(Float.floatToRawIntBits(value));
    }

    GgufBytes text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        u64(utf8.length);
        bytes.writeBytes(utf8);
        return this;
    }

    /** A tensor info; extents innermost first, as in the file. */
    GgufBytes tensor(String name, int type, long offset, long... extents) {
        text(name).u32(extents.length);
        for (long extent : extents) u64(extent);
        return u32(type).u64(offset);
    }

    /** Zeros up to a multiple of {@code alignment}. */
    GgufBytes pad(int alignment) {
        while (bytes.size() % alignment != 0) bytes.write(0);
        return this;
    }

    int size() {
        return bytes.size();
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }

    Path write(Path file) throws IOException {
        return Files.write(file, toBytes());
    }

    private GgufBytes number(long value, int width) {
        for (int i = 0; i < width; i++) {
            int shift = 8 * (order == ByteOrder.BIG_ENDIAN ? width - 1 - i : i);
            bytes.write((int) (value >>> shift));
        }
        return this;
    }
}
