package tk.torch;

import tk.tensor.FileRegion;
import tk.torch.PyValue.BigInt;
import tk.torch.PyValue.Bool;
import tk.torch.PyValue.Bytes;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Real;
import tk.torch.PyValue.Text;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The opcodes of one pickle and the scalars written behind them.
 *
 * <p>Every length is checked against the bytes that are left before anything is allocated, and what
 * is allocated is counted.
 */
final class PickleInput {
    /** Opcodes of the largest honest pickle many times over; a second's work. */
    private static final long MOST_OPCODES = 1L << 25;

    /** Longer runs of bytes stay in the file. */
    private static final int LONGEST_BYTES_ON_HEAP = 4 << 10;

    /** Bytes of a module's or a global's name at most. */
    static final int LONGEST_NAME = 1 << 10;

    private static final int LONGEST_LINE = 1 << 20;
    private static final int LONGEST_INTEGER = 1 << 12;
    private static final int LATEST_PROTOCOL = 5;

    private final ByteWindow in;
    private final PickleBudget budget = new PickleBudget();
    private long opcodes;
    private long at;

    /** A pickle at the window's position. */
    PickleInput(ByteWindow in) {
        this.in = in;
    }

    /** The next opcode; errors are about it from now on. */
    Opcode opcode() {
        at = in.position();
        if (++opcodes > MOST_OPCODES) {
            throw place().malformed("more than %d opcodes".formatted(MOST_OPCODES));
        }
        int code = in.u8("the next opcode");
        Opcode opcode = Opcode.of(code);
        if (opcode == null) {
            throw place().malformed("0x%02x is no pickle opcode".formatted(code));
        }
        return opcode;
    }

    /** The place of the opcode that was read last. */
    PicklePlace place() {
        return new PicklePlace(in.place(), at, budget);
    }

    /** Counts what is about to be made. */
    void charge(long bytes) {
        if (!budget.take(bytes)) throw budget.exceeded(place());
    }

    /** Takes back what was counted for something that is gone. */
    void giveBack(long bytes) {
        budget.giveBack(bytes);
    }

    /** What follows PROTO. */
    void protocol() {
        int version = in.u8("the protocol version");
        if (version > LATEST_PROTOCOL) {
            throw place().malformed(
                            "pickle protocol %d, expected at most %d"
                                    .formatted(version, LATEST_PROTOCOL));
        }
    }

    /** What follows FRAME. */
    void frame() {
        in.require(in.i64("a frame's length"), "a frame");
    }

    /** The number, string or bytes behind an opcode that makes one. */
    PyValue scalar(Opcode opcode) {
        return switch (opcode) {
            case BININT -> new Int(in.i32("an integer"));
            case BININT1 -> new Int(in.u8("an integer"));
            case BININT2 -> new Int(in.u16("an integer"));
            case LONG1 -> integer(in.u8("an integer's length"));
            case LONG4 -> integer(in.i32("an integer's length"));
            case INT -> intLine();
            case LONG -> longLine();
            case FLOAT -> floatLine();
            case BINFLOAT ->
                    new Real(Double.longBitsToDouble(Long.reverseBytes(in.i64("a number"))));
            case STRING -> new Text(unquote(line()));
            case BINSTRING -> text(in.i32("a string's length"));
            case SHORT_BINSTRING, SHORT_BINUNICODE -> text(in.u8("a string's length"));
            case UNICODE -> new Text(unescape(line()));
            case BINUNICODE -> text(in.u32("a string's length"));
            case BINUNICODE8 -> text(in.i64("a string's length"));
            case SHORT_BINBYTES -> bytes(in.u8("a length in bytes"));
            case BINBYTES -> bytes(in.u32("a length in bytes"));
            case BINBYTES8, BYTEARRAY8 -> bytes(in.i64("a length in bytes"));
            default -> throw new IllegalArgumentException(opcode + " makes no scalar");
        };
    }

    /** The memo index or extension code behind an opcode. */
    long index(Opcode opcode) {
        return switch (opcode) {
            case PUT, GET -> number(line());
            case BINPUT, BINGET -> in.u8("a memo index");
            case LONG_BINPUT, LONG_BINGET -> in.u32("a memo index");
            case EXT1 -> in.u8("an extension code");
            case EXT2 -> in.u16("an extension code");
            case EXT4 -> in.u32("an extension code");
            default -> throw new IllegalArgumentException(opcode + " has no index");
        };
    }

    /** A line of a global's name. */
    String name() {
        byte[] line = in.line(LONGEST_NAME, "a global's name");
        charge(2L * line.length);
        return decode(line);
    }

    /** A line of text. */
    String line() {
        byte[] line = in.line(LONGEST_LINE, "a line of text");
        charge(2L * line.length);
        return decode(line);
    }

    private PyValue integer(int length) {
        if (length < 0 || length > LONGEST_INTEGER) {
            throw place().malformed(
                            "an integer of %d bytes, expected at most %d"
                                    .formatted(length, LONGEST_INTEGER));
        }
        byte[] littleEndian = in.bytes(length, "an integer");
        for (int i = 0, j = length - 1; i < j; i++, j--) {
            byte b = littleEndian[i];
            littleEndian[i] = littleEndian[j];
            littleEndian[j] = b;
        }
        charge(length);
        return whole(length == 0 ? BigInteger.ZERO : new BigInteger(littleEndian));
    }

    private static PyValue whole(BigInteger value) {
        return value.bitLength() < 64 ? new Int(value.longValue()) : new BigInt(value);
    }

    private PyValue intLine() {
        String line = line();
        if (line.equals("00")) return Bool.FALSE;
        if (line.equals("01")) return Bool.TRUE;
        return wholeLine(line);
    }

    private PyValue longLine() {
        String line = line();
        return wholeLine(line.endsWith("L") ? line.substring(0, line.length() - 1) : line);
    }

    private PyValue wholeLine(String line) {
        try {
            if (line.length() > 2 * LONGEST_INTEGER) throw new NumberFormatException();
            return whole(new BigInteger(line.strip()));
        } catch (NumberFormatException e) {
            throw place().malformed("`%s` is no integer".formatted(Spelling.visible(line)));
        }
    }

    private PyValue floatLine() {
        String line = line();
        try {
            return new Real(Double.parseDouble(line));
        } catch (NumberFormatException e) {
            throw place().malformed("`%s` is no number".formatted(Spelling.visible(line)));
        }
    }

    private long number(String line) {
        try {
            return Long.parseLong(line.strip());
        } catch (NumberFormatException e) {
            throw place().malformed("`%s` is no memo index".formatted(Spelling.visible(line)));
        }
    }

    private Text text(long length) {
        in.require(length, "a string");
        charge(2 * length);
        return new Text(decode(in.bytes(Math.toIntExact(length), "a string")));
    }

    private String decode(byte[] utf8) {
        String text = new String(utf8, StandardCharsets.UTF_8);
        if (text.indexOf('\ufffd') < 0) return text;
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw place().malformed("a string that is not UTF-8");
        }
    }

    private Bytes bytes(long length) {
        in.require(length, "a run of bytes");
        if (length > LONGEST_BYTES_ON_HEAP && in.inFile()) {
            FileRegion region = new FileRegion(in.file(), in.start() + in.position(), length);
            in.skip(length, "a run of bytes");
            return new Bytes(region);
        }
        charge(length);
        return new Bytes(in.bytes(Math.toIntExact(length), "a run of bytes"));
    }

    /** Protocol 0's {@code 'text'}; what escapes it may hold does not matter to names. */
    private String unquote(String line) {
        String s = line.strip();
        boolean quoted =
                s.length() >= 2
                        && s.charAt(0) == s.charAt(s.length() - 1)
                        && (s.charAt(0) == '\'' || s.charAt(0) == '"');
        if (!quoted) throw place().malformed("a string without quotes");
        return unescape(s.substring(1, s.length() - 1));
    }

    /** Resolves the escapes that could hide a name's letters. */
    private String unescape(String s) {
        if (s.indexOf('\\') < 0) return s;
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            char kind = c == '\\' && i + 1 < s.length() ? s.charAt(i + 1) : 0;
            int digits =
                    switch (kind) {
                        case 'x' -> 2;
                        case 'u' -> 4;
                        case 'U' -> 8;
                        default -> 0;
                    };
            if (digits == 0) {
                out.append(c);
                continue;
            }
            try {
                out.appendCodePoint(Integer.parseInt(s, i + 2, i + 2 + digits, 16));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                throw place().malformed("a broken escape in a string");
            }
            i += 1 + digits;
        }
        return out.toString();
    }
}
