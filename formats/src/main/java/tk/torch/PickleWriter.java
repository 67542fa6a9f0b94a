package tk.torch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes a pickle of protocol 2, as far as a state dict needs: an opcode a method.
 *
 * <p>Globals and texts that come again are remembered and fetched, as Python's pickler does.
 */
final class PickleWriter {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final Map<String, Integer> memo = new HashMap<>();

    /** Begins a pickle. */
    PickleWriter() {
        op(Opcode.PROTO).write(2);
    }

    private ByteArrayOutputStream op(Opcode opcode) {
        out.write(opcode.code());
        return out;
    }

    /** An opcode without arguments. */
    PickleWriter put(Opcode opcode) {
        op(opcode);
        return this;
    }

    /** The global {@code module.name}. */
    PickleWriter global(String module, String name) {
        String key = "global " + module + " " + name;
        if (recall(key)) return this;
        op(Opcode.GLOBAL);
        out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
        return remember(key);
    }

    /** A text that comes again. */
    PickleWriter constant(String value) {
        String key = "text " + value;
        return recall(key) ? this : text(value).remember(key);
    }

    /** A text. */
    PickleWriter text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        op(Opcode.BINUNICODE);
        littleEndian(utf8.length, 4);
        out.writeBytes(utf8);
        return this;
    }

    /** An integer. */
    PickleWriter integer(long value) {
        if (value >= 0 && value < 0x100) {
            op(Opcode.BININT1).write((int) value);
        } else if (value >= 0 && value < 0x10000) {
            op(Opcode.BININT2);
            littleEndian(value, 2);
        } else if (value == (int) value) {
            op(Opcode.BININT);
            littleEndian(value, 4);
        } else {
            op(Opcode.LONG1).write(8);
            littleEndian(value, 8);
        }
        return this;
    }

    /** A tuple of integers. */
    PickleWriter integers(long... values) {
        put(Opcode.MARK);
        for (long value : values) integer(value);
        return put(Opcode.TUPLE);
    }

    /** The pickle, ended. */
    byte[] finish() {
        op(Opcode.STOP);
        return out.toByteArray();
    }

    private boolean recall(String key) {
        Integer index = memo.get(key);
        if (index == null) return false;
        if (index < 0x100) {
            op(Opcode.BINGET).write(index);
        } else {
            op(Opcode.LONG_BINGET);
            littleEndian(index, 4);
        }
        return true;
    }

    private PickleWriter remember(String key) {
        int index = memo.size();
        memo.put(key, index);
        if (index < 0x100) {
            op(Opcode.BINPUT).write(index);
        } else {
            op(Opcode.LONG_BINPUT);
            littleEndian(index, 4);
        }
        return this;
    }

    private void littleEndian(long value, int bytes) {
        for (int i = 0; i < bytes; i++) out.write((int) (value >> (8 * i)));
    }
}
