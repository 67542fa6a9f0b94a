package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.torch.PyValue.Bytes;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.None;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Tuple;
import tk.torch.TorchValue.Storage;

/**
 * The arguments of a call, taken one by one with their types checked.
 *
 * @param function what is called, for messages
 */
record Arguments(String function, Tuple values, PicklePlace at) {
    private static final int MOST_INTEGERS = 64;

    int count() {
        return values.size();
    }

    /** Checks how many there are. */
    Arguments between(int least, int most) {
        if (count() < least || count() > most) {
            throw at.malformed(
                    "%s called with %d arguments, expected %s"
                            .formatted(
                                    function,
                                    count(),
                                    least == most ? "" + least : least + " to " + most));
        }
        return this;
    }

    /** Whatever it is. */
    PyValue any(int index) {
        return values.get(index);
    }

    /** Whether there is one, and it is not None. */
    boolean given(int index) {
        return index < count() && any(index) != None.NONE;
    }

    Storage storage(int index) {
        if (any(index) instanceof Storage storage) return storage;
        throw wrong(index, "a storage");
    }

    long integer(int index) {
        if (any(index) instanceof Int i) return i.value();
        throw wrong(index, "int");
    }

    String text(int index) {
        if (any(index) instanceof Text text) return text.value();
        throw wrong(index, "str");
    }

    Bytes bytes(int index) {
        if (any(index) instanceof Bytes bytes) return bytes;
        throw wrong(index, "bytes");
    }

    Tuple tuple(int index) {
        if (any(index) instanceof Tuple tuple) return tuple;
        throw wrong(index, "tuple");
    }

    /** A tuple of integers, such as a tensor's extents; at most {@value #MOST_INTEGERS}. */
    long[] integers(int index) {
        Tuple tuple = tuple(index);
        if (tuple.size() > MOST_INTEGERS) {
            throw malformed(
                    "argument %d has %d numbers, expected at most %d"
                            .formatted(index, tuple.size(), MOST_INTEGERS));
        }
        at.charge(16 + 8L * tuple.size());
        long[] numbers = new long[tuple.size()];
        for (int i = 0; i < numbers.length; i++) {
            if (!(tuple.get(i) instanceof Int number)) throw wrong(index, "a tuple of int");
            numbers[i] = number.value();
        }
        return numbers;
    }

    /** A dtype such as {@code torch.float16}, or null where it is something else. */
    @Nullable TorchType dtype(int index) {
        return any(index) instanceof PyValue.Global global && global.module().equals("torch")
                ? TorchType.ofName(global.name()).orElse(null)
                : null;
    }

    /** The argument is not what it must be. */
    MalformedException wrong(int index, String expected) {
        return malformed(
                "argument %d is %s, expected %s".formatted(index, any(index).type(), expected));
    }

    MalformedException malformed(String problem) {
        return at.malformed(function + ": " + problem);
    }
}
