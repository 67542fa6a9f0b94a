package tk.torch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Writes pickles opcode by opcode, honest and hostile ones. */
final class Pickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** A pickle of that protocol. */
    static Pickle protocol(int version) {
        return new Pickle().op(Opcode.PROTO, version);
    }

    /** A dict that is begun. */
    static Pickle dict() {
        return protocol(2).op(Opcode.EMPTY_DICT);
    }

    /** A pickle that begins as those of protocol 0 do: with anything. */
    static Pickle bare() {
        return new Pickle();
    }

    Pickle op(Opcode opcode, int... bytes) {
        out.write(opcode.code());
        for (int b : bytes) out.write(b);
        return this;
    }

    Pickle raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    Pickle lines(Opcode opcode, String... lines) {
        op(opcode);
        for (String line : lines) out.writeBytes((line + "\n").getBytes(StandardCharsets.UTF_8));
        return this;
    }

    Pickle global(String module, String name) {
        return lines(Opcode.GLOBAL, module, name);
    }

    Pickle text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        return op(Opcode.BINUNICODE).u32(utf8.length).raw(utf8);
    }

    Pickle integer(int value) {
        return op(Opcode.BININT).u32(value);
    }

    Pickle u32(long value) {
        for (int i = 0; i < 4; i++) out.write((int) (value >> 8 * i));
        return this;
    }

    Pickle u64(long value) {
        for (int i = 0; i < 8; i++) out.write((int) (value >> 8 * i));
        return this;
    }

    /** Calls {@code module.name} with text arguments. */
    Pickle call(String module, String name, String... arguments) {
        global(module, name).op(Opcode.MARK);
        for (String argument : arguments) text(argument);
        return op(Opcode.TUPLE).op(Opcode.REDUCE);
    }

    /** {@code ('storage', torch.FloatStorage, key, 'cpu', count)}, resolved. */
    Pickle storage(String storageClass, String key, int count) {
        return op(Opcode.MARK)
                .text("storage")
                .global("torch", storageClass)
                .text(key)
                .text("cpu")
                .integer(count)
                .op(Opcode.TUPLE)
                .op(Opcode.BINPERSID);
    }

    Pickle integers(int... values) {
        op(Opcode.MARK);
        for (int value : values) integer(value);
        return op(Opcode.TUPLE);
    }

    /** A float tensor over storage {@code key}. */
    Pickle tensor(String key, int stored, int offset, int[] size, int[] stride) {
        return global("torch._utils", "_rebuild_tensor_v2")
                .op(Opcode.MARK)
                .storage("FloatStorage", key, stored)
                .integer(offset)
                .integers(size)
                .integers(stride)
                .op(Opcode.NEWFALSE)
                .global("collections", "OrderedDict")
                .op(Opcode.EMPTY_TUPLE)
                .op(Opcode.REDUCE)
                .op(Opcode.TUPLE)
                .op(Opcode.REDUCE);
    }

    /** One more item of a dict that lies below on the stack: a tensor of four floats. */
    Pickle weight(String name) {
        return text(name).tensor("0", 4, 0, new int[] {4}, new int[] {1}).op(Opcode.SETITEM);
    }

    byte[] stop() {
        return op(Opcode.STOP).bytes();
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
