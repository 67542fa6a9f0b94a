package tk.torch;

import tk.torch.PyValue.Bool;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Global;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.None;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.util.List;

/**
 * Interprets one pickle of protocol 0 to 5 as data.
 *
 * <p>A stack machine without any power of its own: it makes numbers, strings and containers, and
 * asks {@link PickleCalls} for everything else. Its input bounds every length, and all that is made
 * is counted, so that neither memory nor time can exceed what the limits say.
 */
final class Unpickler {
    /** What a container may come to if all that is shared in it is counted each time. */
    private static final long MOST_VALUES = 1L << 28;

    /** Bytes of containers without their contents. */
    private static final int LIST = 48;

    private static final int DICT = 112;

    private final PickleInput in;
    private final PickleStack stack;
    private final PickleCalls calls;

    private Unpickler(ByteWindow window, PickleCalls calls) {
        this.in = new PickleInput(window);
        this.stack = new PickleStack(in);
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
            Opcode opcode = in.opcode();
            if (opcode == Opcode.STOP) return stack.pop();
            step(opcode);
        }
    }

    private void step(Opcode opcode) {
        switch (opcode) {
            case PROTO -> in.protocol();
            case FRAME -> in.frame();
            case STOP -> throw new IllegalStateException();
            case MARK -> stack.mark();
            case POP -> stack.drop();
            case POP_MARK -> stack.popMark();
            case DUP -> stack.push(stack.peek());

            case NONE -> stack.push(None.NONE);
            case NEWTRUE -> stack.push(Bool.TRUE);
            case NEWFALSE -> stack.push(Bool.FALSE);
            case BININT,
                    BININT1,
                    BININT2,
                    LONG1,
                    LONG4,
                    INT,
                    LONG,
                    FLOAT,
                    BINFLOAT,
                    STRING,
                    BINSTRING,
                    SHORT_BINSTRING,
                    UNICODE,
                    SHORT_BINUNICODE,
                    BINUNICODE,
                    BINUNICODE8,
                    SHORT_BINBYTES,
                    BINBYTES,
                    BINBYTES8,
                    BYTEARRAY8 ->
                    stack.pushNew(in.scalar(opcode));

            case EMPTY_TUPLE -> stack.push(Tuple.EMPTY);
            case TUPLE -> stack.push(tuple(stack.popMark()));
            case TUPLE1 -> stack.push(tuple(stack.popN(1)));
            case TUPLE2 -> stack.push(tuple(stack.popN(2)));
            case TUPLE3 -> stack.push(tuple(stack.popN(3)));
            case EMPTY_LIST, EMPTY_SET -> stack.push(list());
            case LIST, FROZENSET -> {
                Items list = list();
                append(list, stack.popMark());
                stack.push(list);
            }
            case APPEND -> {
                List<PyValue> items = stack.popN(1);
                append(stack.peek(), items);
            }
            case APPENDS, ADDITEMS -> {
                List<PyValue> items = stack.popMark();
                append(stack.peek(), items);
            }
            case EMPTY_DICT -> stack.push(dict());
            case DICT -> {
                Dict dict = dict();
                put(dict, stack.popMark());
                stack.push(dict);
            }
            case SETITEM -> {
                List<PyValue> items = stack.popN(2);
                put(stack.peek(), items);
            }
            case SETITEMS -> {
                List<PyValue> items = stack.popMark();
                put(stack.peek(), items);
            }

            case PUT, BINPUT, LONG_BINPUT -> stack.remember(in.index(opcode));
            case MEMOIZE -> stack.remember(stack.remembered());
            case GET, BINGET, LONG_BINGET -> stack.push(stack.recall(in.index(opcode)));

            case GLOBAL -> stack.push(global(in.name(), in.name()));
            case STACK_GLOBAL -> {
                List<PyValue> names = stack.popN(2);
                stack.push(global(nameOf(names.get(0)), nameOf(names.get(1))));
            }
            case EXT1, EXT2, EXT4 -> stack.push(global("copyreg", "extension " + in.index(opcode)));
            case REDUCE, NEWOBJ -> {
                List<PyValue> pair = stack.popN(2);
                stack.push(calls.call(pair.get(0), arguments(pair.get(1)), in.place()));
            }
            case NEWOBJ_EX -> {
                List<PyValue> triple = stack.popN(3);
                boolean plain =
                        triple.get(2) instanceof Dict keywords && keywords.entries().isEmpty();
                if (!plain && !calls.lenient()) {
                    throw in.place().malformed("a constructor called with keyword arguments");
                }
                stack.push(calls.call(triple.get(0), arguments(triple.get(1)), in.place()));
            }
            case INST -> {
                PyValue type = global(in.name(), in.name());
                stack.push(calls.call(type, tuple(stack.popMark()), in.place()));
            }
            case OBJ -> {
                List<PyValue> items = stack.popMark();
                if (items.isEmpty()) throw in.place().malformed("OBJ without a class");
                Tuple arguments = tuple(items.subList(1, items.size()));
                stack.push(calls.call(items.getFirst(), arguments, in.place()));
            }
            case BUILD -> {
                PyValue state = stack.pop();
                calls.build(stack.peek(), state, in.place());
            }
            case PERSID -> stack.push(calls.persistent(new Text(in.line()), in.place()));
            case BINPERSID -> stack.push(calls.persistent(stack.pop(), in.place()));
            case NEXT_BUFFER, READONLY_BUFFER ->
                    throw in.place().malformed("refers to a buffer outside the file");
        }
    }

    // ---- containers ----

    private Items list() {
        in.charge(LIST);
        return new Items();
    }

    private Dict dict() {
        in.charge(DICT);
        return new Dict();
    }

    private Tuple tuple(List<PyValue> items) {
        if (items.isEmpty()) return Tuple.EMPTY;
        in.charge(PickleStack.SMALL);
        Tuple tuple = new Tuple(items);
        requireModest(tuple);
        return tuple;
    }

    /** Nothing here walks a container that often; but no honest pickle holds such a one either. */
    private void requireModest(PyValue container) {
        if (container.weight() > MOST_VALUES) {
            throw in.place()
                    .unsafe(
                            "a %s of more than %d values, were shared ones written out"
                                    .formatted(container.type(), MOST_VALUES),
                            "No checkpoint needs this: don't trust this file.");
        }
    }

    private void append(PyValue target, List<PyValue> values) {
        in.charge(16L * values.size());
        switch (target) {
            case Items items -> {
                for (PyValue value : values) items.add(value);
            }
            case Thing _ -> {}
            default ->
                    throw in.place()
                            .malformed("appends to %s, expected a list".formatted(target.type()));
        }
        requireModest(target);
    }

    private void put(PyValue target, List<PyValue> pairs) {
        if (pairs.size() % 2 != 0) throw in.place().malformed("a key without a value");
        in.charge(64L * pairs.size());
        switch (target) {
            case Dict dict -> {
                for (int i = 0; i < pairs.size(); i += 2) {
                    dict.put(pairs.get(i), pairs.get(i + 1));
                }
            }
            case Thing _ -> {}
            default ->
                    throw in.place()
                            .malformed(
                                    "sets items of %s, expected a dict".formatted(target.type()));
        }
        requireModest(target);
    }

    // ---- names and calls ----

    private String nameOf(PyValue value) {
        if (value instanceof Text text && text.value().length() <= PickleInput.LONGEST_NAME) {
            return text.value();
        }
        if (calls.lenient()) return "<computed: %s>".formatted(value.type());
        throw in.place()
                .malformed("looks up a global by %s, expected a short str".formatted(value.type()));
    }

    private PyValue global(String module, String name) {
        in.charge(2 * PickleStack.SMALL);
        PicklePlace at = in.place();
        return calls.global(new Global(module, name, at.offset()), at);
    }

    private Tuple arguments(PyValue value) {
        if (value instanceof Tuple tuple) return tuple;
        if (calls.lenient()) return Tuple.EMPTY;
        throw in.place().malformed("called with %s, expected a tuple".formatted(value.type()));
    }
}
