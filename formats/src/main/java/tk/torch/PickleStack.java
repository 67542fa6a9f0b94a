package tk.torch;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The stack of values, the marks on it, and the memo of one pickle; all that is held is counted.
 */
final class PickleStack {
    /** Bytes of a place on the stack, of a mark, and of a small value without its contents. */
    private static final int SLOT = 8;

    private static final int MARK = 24;
    static final int SMALL = 32;

    private final PickleInput in;
    private final List<PyValue> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final List<@Nullable PyValue> memo = new ArrayList<>();

    /** An empty stack; {@code in} counts what is held, and says where errors are. */
    PickleStack(PickleInput in) {
        this.in = in;
    }

    /** Marks the top. */
    void mark() {
        in.charge(MARK);
        marks.add(stack.size());
    }

    private int base() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    void push(PyValue value) {
        in.charge(SLOT);
        stack.add(value);
    }

    /** Pushes a value just made. */
    void pushNew(PyValue value) {
        in.charge(SMALL);
        push(value);
    }

    PyValue pop() {
        if (stack.size() <= base()) throw in.place().malformed("nothing is left on the stack");
        in.giveBack(SLOT);
        return stack.removeLast();
    }

    PyValue peek() {
        if (stack.size() <= base()) throw in.place().malformed("nothing is left on the stack");
        return stack.getLast();
    }

    List<PyValue> popN(int count) {
        if (stack.size() - base() < count) {
            throw in.place()
                    .malformed(
                            "needs %d values on the stack, found %d"
                                    .formatted(count, stack.size() - base()));
        }
        return take(stack.size() - count);
    }

    List<PyValue> popMark() {
        if (marks.isEmpty()) throw in.place().malformed("no mark on the stack");
        in.giveBack(MARK);
        return take(marks.removeLast());
    }

    private List<PyValue> take(int from) {
        List<PyValue> top = stack.subList(from, stack.size());
        List<PyValue> taken = Arrays.asList(top.toArray(new PyValue[0]));
        top.clear();
        in.giveBack((long) SLOT * taken.size());
        in.charge(SMALL + 8L * taken.size());
        return taken;
    }

    /** Drops the top: a value, or a mark where there is none above it. */
    void drop() {
        if (stack.size() == base() && !marks.isEmpty()) popMark();
        else pop();
    }

    /**
     * A pickler numbers what it remembers from 0 on, so that an index beyond the next is an attempt
     * to make a reader allocate.
     */
    void remember(long index) {
        if (index < 0 || index > memo.size()) {
            throw in.place()
                    .malformed("memo index %d, expected at most %d".formatted(index, memo.size()));
        }
        PyValue value = peek();
        if (index == memo.size()) {
            in.charge(8);
            memo.add(value);
        } else {
            memo.set((int) index, value);
        }
    }

    PyValue recall(long index) {
        @Nullable PyValue value = index < 0 || index >= memo.size() ? null : memo.get((int) index);
        if (value == null) {
            throw in.place()
                    .malformed(
                            "memo index %d, but only %d values were remembered"
                                    .formatted(index, memo.size()));
        }
        return value;
    }

    /** How many values are remembered. */
    int remembered() {
        return memo.size();
    }
}
