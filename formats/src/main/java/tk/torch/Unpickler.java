package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.tensor.FileRegion;
import tk.torch.PyValue.BigInt;
import tk.torch.PyValue.Bool;
import tk.torch.PyValue.Bytes;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Global;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.None;
import tk.torch.PyValue.Real;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Interprets one pickle of protocol 0 to 5 as data.
 *
 * <p>A stack machine without any power of its own: it makes numbers, strings and containers, and
 * asks {@link PickleCalls} for everything else. Every length is checked against the bytes that are
 * left before anything is allocated, and the values it makes are counted, so that neither memory
 * nor time can exceed what the limits say.
 */
final class Unpickler {
    /** Opcodes of the largest honest pickle many times over; a second's work. */
    private static final long MOST_OPCODES = 1L << 25;

    /** What a container may come to if all that is shared in it is counted each time. */
    private static final long MOST_VALUES = 1L << 28;

    /** Longer runs of bytes stay in the file. */
    private static final int LONGEST_BYTES_ON_HEAP = 4 << 10;

    /** Bytes of a place on the stack, and of values by their kind without their contents. */
    private static final int SLOT = 8;

    private static final int MARK = 24;
    private static final int SMALL = 32;
    private static final int LIST = 48;
    private static final int DICT = 112;

    private static final int LONGEST_NAME = 1 << 10;
    private static final int LONGEST_LINE = 1 << 20;
    private static final int LONGEST_INTEGER = 1 << 12;
    private static final int LATEST_PROTOCOL = 5;

    private final ByteWindow in;
    private final PickleCalls calls;
    private final List<PyValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final List<@Nullable PyValue> memo = new ArrayList<>();
    private final PickleBudget budget = new PickleBudget();
    private long opcodes;
    private long at;

    private Unpickler(ByteWindow in, PickleCalls calls) {
        this.in = in;
        this.calls = calls;
    }

    /**
     * The value that the pickle at the window's position describes; the window then stands behind
     * it.
     *
     * @throws tk.error.MalformedException where the pickle breaks a rule or a limit
     * @throws tk.error.UnsafeException where it asks for what {@code calls} refuses
     */
    static PyValue read(ByteWindow in, PickleCalls calls) {
        return new Unpickler(in, calls).run();
    }

    private PyValue run() {
        while (true) {
            at = in.position();
            if (++opcodes > MOST_OPCODES) {
                throw place().malformed("more than %d opcodes".formatted(MOST_OPCODES));
            }
            int code = in.u8("the next opcode");
            Opcode opcode = Opcode.of(code);
            if (opcode == null) {
                throw place().malformed("0x%02x is no pickle opcode".formatted(code));
            }
            if (opcode == Opcode.STOP) return pop();
            step(opcode);
        }
    }

    private void step(Opcode opcode) {
        switch (opcode) {
            case PROTO -> protocol();
            case FRAME -> in.require(in.i64("a frame's length"), "a frame");
            case STOP -> throw new IllegalStateException();
            case MARK -> {
                charge(MARK);
                marks.add(stack.size());
            }
            case POP -> {
                if (stack.size() == base() && !marks.isEmpty()) popMark();
                else pop();
            }
            case POP_MARK -> popMark();
            case DUP -> push(peek());

            case NONE -> push(None.NONE);
            case NEWTRUE -> push(Bool.TRUE);
            case NEWFALSE -> push(Bool.FALSE);
            case BININT -> pushNew(new Int(in.i32("an integer")));
            case BININT1 -> pushNew(new Int(in.u8("an integer")));
            case BININT2 -> pushNew(new Int(in.u16("an integer")));
            case LONG1 -> pushNew(integer(in.u8("an integer's length")));
            case LONG4 -> pushNew(integer(in.i32("an integer's length")));
            case INT -> pushNew(intLine());
            case LONG -> pushNew(longLine());
            case FLOAT -> pushNew(floatLine());
            case BINFLOAT ->
                    pushNew(
                            new Real(
                                    Double.longBitsToDouble(
                                            Long.reverseBytes(in.i64("a number")))));

            case STRING -> pushNew(text(unquote(line())));
            case BINSTRING -> pushNew(text(in.i32("a string's length")));
            case SHORT_BINSTRING, SHORT_BINUNICODE -> pushNew(text(in.u8("a string's length")));
            case UNICODE -> pushNew(text(unescape(line())));
            case BINUNICODE -> pushNew(text(in.u32("a string's length")));
            case BINUNICODE8 -> pushNew(text(in.i64("a string's length")));
            case SHORT_BINBYTES -> pushNew(bytes(in.u8("a length in bytes")));
            case BINBYTES -> pushNew(bytes(in.u32("a length in bytes")));
            case BINBYTES8, BYTEARRAY8 -> pushNew(bytes(in.i64("a length in bytes")));

            case EMPTY_TUPLE -> push(Tuple.EMPTY);
            case TUPLE -> push(tuple(popMark()));
            case TUPLE1 -> push(tuple(popN(1)));
            case TUPLE2 -> push(tuple(popN(2)));
            case TUPLE3 -> push(tuple(popN(3)));
            case EMPTY_LIST, EMPTY_SET -> push(list());
            case LIST, FROZENSET -> {
                Items list = list();
                append(list, popMark());
                push(list);
            }
            case APPEND -> {
                List<PyValue> items = popN(1);
                append(peek(), items);
            }
            case APPENDS, ADDITEMS -> {
                List<PyValue> items = popMark();
                append(peek(), items);
            }
            case EMPTY_DICT -> push(dict());
            case DICT -> {
                Dict dict = dict();
                put(dict, popMark());
                push(dict);
            }
            case SETITEM -> {
                List<PyValue> items = popN(2);
                put(peek(), items);
            }
            case SETITEMS -> {
                List<PyValue> items = popMark();
                put(peek(), items);
            }

            case PUT -> remember(number(line()));
            case BINPUT -> remember(in.u8("a memo index"));
            case LONG_BINPUT -> remember(in.u32("a memo index"));
            case MEMOIZE -> remember(memo.size());
            case GET -> push(recall(number(line())));
            case BINGET -> push(recall(in.u8("a memo index")));
            case LONG_BINGET -> push(recall(in.u32("a memo index")));

            case GLOBAL -> push(global(name(), name()));
            case STACK_GLOBAL -> {
                List<PyValue> names = popN(2);
                push(global(nameOf(names.get(0)), nameOf(names.get(1))));
            }
            case EXT1 -> push(extension(in.u8("an extension code")));
            case EXT2 -> push(extension(in.u16("an extension code")));
            case EXT4 -> push(extension(in.u32("an extension code")));
            case REDUCE, NEWOBJ -> {
                List<PyValue> pair = popN(2);
                push(calls.call(pair.get(0), arguments(pair.get(1)), place()));
            }
            case NEWOBJ_EX -> {
                List<PyValue> triple = popN(3);
                boolean plain =
                        triple.get(2) instanceof Dict keywords && keywords.entries().isEmpty();
                if (!plain && !calls.lenient()) {
                    throw place().malformed("a constructor called with keyword arguments");
                }
                push(calls.call(triple.get(0), arguments(triple.get(1)), place()));
            }
            case INST -> {
                PyValue type = global(name(), name());
                push(calls.call(type, tuple(popMark()), place()));
            }
            case OBJ -> {
                List<PyValue> items = popMark();
                if (items.isEmpty()) throw place().malformed("OBJ without a class");
                push(calls.call(items.getFirst(), tuple(items.subList(1, items.size())), place()));
            }
            case BUILD -> {
                PyValue state = pop();
                calls.build(peek(), state, place());
            }
            case PERSID -> push(calls.persistent(text(line()), place()));
            case BINPERSID -> push(calls.persistent(pop(), place()));
            case NEXT_BUFFER, READONLY_BUFFER ->
                    throw place().malformed("refers to a buffer outside the file");
        }
    }

    private PicklePlace place() {
        return new PicklePlace(in.place(), at, budget);
    }

    private void charge(long bytes) {
        if (!budget.take(bytes)) throw budget.exceeded(place());
    }

    private void protocol() {
        int version = in.u8("the protocol version");
        if (version > LATEST_PROTOCOL) {
            throw place().malformed(
                            "pickle protocol %d, expected at most %d"
                                    .formatted(version, LATEST_PROTOCOL));
        }
    }

    // ---- the stack ----

    private int base() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    private void push(PyValue value) {
        charge(SLOT);
        stack.add(value);
    }

    /** Pushes a value just made. */
    private void pushNew(PyValue value) {
        charge(SMALL);
        push(value);
    }

    private PyValue pop() {
        if (stack.size() <= base()) throw place().malformed("nothing is left on the stack");
        budget.giveBack(SLOT);
        return stack.removeLast();
    }

    private PyValue peek() {
        if (stack.size() <= base()) throw place().malformed("nothing is left on the stack");
        return stack.getLast();
    }

    private List<PyValue> popN(int count) {
        if (stack.size() - base() < count) {
            throw place().malformed(
                            "needs %d values on the stack, found %d"
                                    .formatted(count, stack.size() - base()));
        }
        return take(stack.size() - count);
    }

    private List<PyValue> popMark() {
        if (marks.isEmpty()) throw place().malformed("no mark on the stack");
        budget.giveBack(MARK);
        return take(marks.removeLast());
    }

    private List<PyValue> take(int from) {
        List<PyValue> top = stack.subList(from, stack.size());
        List<PyValue> taken = Arrays.asList(top.toArray(new PyValue[0]));
        top.clear();
        budget.giveBack((long) SLOT * taken.size());
        charge(SMALL + 8L * taken.size());
        return taken;
    }

    private Items list() {
        charge(LIST);
        return new Items();
    }

    private Dict dict() {
        charge(DICT);
        return new Dict();
    }

    private Tuple tuple(List<PyValue> items) {
        if (items.isEmpty()) return Tuple.EMPTY;
        charge(SMALL);
        Tuple tuple = new Tuple(items);
        requireModest(tuple);
        return tuple;
    }

    /** Nothing here walks a container that often; but no honest pickle holds such a one either. */
    private void requireModest(PyValue container) {
        if (container.weight() > MOST_VALUES) {
            throw place().unsafe(
                            "a %s of more than %d values, were shared ones written out"
                                    .formatted(container.type(), MOST_VALUES),
                            "No checkpoint needs this: don't trust this file.");
        }
    }

    private Tuple arguments(PyValue value) {
        if (value instanceof Tuple tuple) return tuple;
        if (calls.lenient()) return Tuple.EMPTY;
        throw place().malformed("called with %s, expected a tuple".formatted(value.type()));
    }

    private void append(PyValue target, List<PyValue> values) {
        charge(16L * values.size());
        switch (target) {
            case Items items -> {
                for (PyValue value : values) items.add(value);
            }
            case Thing _ -> {}
            default ->
                    throw place().malformed(
                                    "appends to %s, expected a list".formatted(target.type()));
        }
        requireModest(target);
    }

    private void put(PyValue target, List<PyValue> pairs) {
        if (pairs.size() % 2 != 0) throw place().malformed("a key without a value");
        charge(64L * pairs.size());
        switch (target) {
            case Dict dict -> {
                for (int i = 0; i < pairs.size(); i += 2) {
                    dict.put(pairs.get(i), pairs.get(i + 1));
                }
            }
            case Thing _ -> {}
            default ->
                    throw place().malformed(
                                    "sets items of %s, expected a dict".formatted(target.type()));
        }
        requireModest(target);
    }

    // ---- the memo ----

    /**
     * A pickler numbers what it remembers from 0 on, so that an index beyond the next is an attempt
     * to make a reader allocate.
     */
    private void remember(long index) {
        if (index < 0 || index > memo.size()) {
            throw place().malformed(
                            "memo index %d, expected at most %d".formatted(index, memo.size()));
        }
        PyValue value = peek();
        if (index == memo.size()) {
            charge(8);
            memo.add(value);
        } else {
            memo.set((int) index, value);
        }
    }

    private PyValue recall(long index) {
        @Nullable PyValue value = index < 0 || index >= memo.size() ? null : memo.get((int) index);
        if (value == null) {
            throw place().malformed(
                            "memo index %d, but only %d values were remembered"
                                    .formatted(index, memo.size()));
        }
        return value;
    }

    // ---- scalars ----

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

    private String line() {
        byte[] line = in.line(LONGEST_LINE, "a line of text");
        charge(2L * line.length);
        return decode(line);
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
        return text(decode(in.bytes(Math.toIntExact(length), "a string")));
    }

    private static Text text(String value) {
        return new Text(value);
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

    // ---- names ----

    private String name() {
        byte[] line = in.line(LONGEST_NAME, "a global's name");
        charge(2L * line.length);
        return decode(line);
    }

    private String nameOf(PyValue value) {
        if (value instanceof Text text && text.value().length() <= LONGEST_NAME) {
            return text.value();
        }
        if (calls.lenient()) return "<computed: %s>".formatted(value.type());
        throw place().malformed(
                        "looks up a global by %s, expected a short str".formatted(value.type()));
    }

    private PyValue global(String module, String name) {
        charge(2 * SMALL);
        return calls.global(new Global(module, name, at), place());
    }

    private PyValue extension(long code) {
        return global("copyreg", "extension " + code);
    }
}
