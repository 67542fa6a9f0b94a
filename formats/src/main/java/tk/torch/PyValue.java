package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.tensor.FileRegion;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What a pickle describes, as plain data.
 *
 * <p>Scalars are compared by value, containers by identity: a container may hold itself, and a tree
 * of shared tuples may be exponentially large when it is walked.
 */
sealed interface PyValue
        permits PyValue.None,
                PyValue.Bool,
                PyValue.Int,
                PyValue.BigInt,
                PyValue.Real,
                PyValue.Text,
                PyValue.Bytes,
                PyValue.Tuple,
                PyValue.Items,
                PyValue.Dict,
                PyValue.Global,
                PyValue.Thing,
                TorchValue,
                NumpyValue {
    /** What Python calls its type, for messages. */
    String type();

    /**
     * How many values it would be if everything shared in it were written out; what is put into a
     * list or dict after that was itself put somewhere is not counted there.
     */
    default long weight() {
        return 1;
    }

    /** {@code None}. */
    enum None implements PyValue {
        NONE;

        @Override
        public String type() {
            return "None";
        }
    }

    /** {@code True} or {@code False}. */
    record Bool(boolean value) implements PyValue {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        @Override
        public String type() {
            return "bool";
        }
    }

    /** An integer of 64 bits. Comparable, so that hostile keys cannot make a map slow. */
    record Int(long value) implements PyValue, Comparable<Int> {
        @Override
        public String type() {
            return "int";
        }

        @Override
        public int compareTo(Int other) {
            return Long.compare(value, other.value);
        }
    }

    /** An integer beyond 64 bits. */
    record BigInt(BigInteger value) implements PyValue, Comparable<BigInt> {
        @Override
        public String type() {
            return "int";
        }

        @Override
        public int compareTo(BigInt other) {
            return value.compareTo(other.value);
        }
    }

    /** A floating-point number. */
    record Real(double value) implements PyValue, Comparable<Real> {
        @Override
        public String type() {
            return "float";
        }

        @Override
        public int compareTo(Real other) {
            return Double.compare(value, other.value);
        }
    }

    /** A string. */
    record Text(String value) implements PyValue, Comparable<Text> {
        @Override
        public String type() {
            return "str";
        }

        @Override
        public int compareTo(Text other) {
            return value.compareTo(other.value);
        }
    }

    /** Bytes: in memory where they are few, else the run of the file that holds them. */
    final class Bytes implements PyValue {
        private final byte[] heap;
        private final @Nullable FileRegion region;

        Bytes(byte[] heap) {
            this.heap = heap;
            this.region = null;
        }

        Bytes(FileRegion region) {
            this.heap = new byte[0];
            this.region = region;
        }

        long length() {
            return region == null ? heap.length : region.length();
        }

        /** The bytes where they are in memory; empty where {@link #region()} has them. */
        byte[] heap() {
            return heap;
        }

        @Nullable FileRegion region() {
            return region;
        }

        @Override
        public String type() {
            return "bytes";
        }
    }

    /** A tuple, or a {@code torch.Size}. */
    final class Tuple implements PyValue {
        static final Tuple EMPTY = new Tuple(List.of());
        private final List<PyValue> items;
        private final long weight;

        Tuple(List<PyValue> items) {
            this.items = items;
            long sum = 1;
            for (PyValue item : items) sum += item.weight();
            this.weight = sum;
        }

        @Override
        public long weight() {
            return weight;
        }

        List<PyValue> items() {
            return items;
        }

        int size() {
            return items.size();
        }

        PyValue get(int index) {
            return items.get(index);
        }

        @Override
        public String type() {
            return "tuple";
        }
    }

    /** A list. */
    final class Items implements PyValue {
        private final List<PyValue> items = new ArrayList<>(0);
        private long weight = 1;

        void add(PyValue item) {
            items.add(item);
            weight += item.weight();
        }

        @Override
        public long weight() {
            return weight;
        }

        List<PyValue> items() {
            return items;
        }

        @Override
        public String type() {
            return "list";
        }
    }

    /** A dict of any kind, in order. */
    final class Dict implements PyValue {
        private final SequencedMap<PyValue, PyValue> entries = new LinkedHashMap<>(4);
        private long weight = 1;

        void put(PyValue key, PyValue value) {
            entries.put(key, value);
            weight += key.weight() + value.weight();
        }

        @Override
        public long weight() {
            return weight;
        }

        SequencedMap<PyValue, PyValue> entries() {
            return entries;
        }

        @Nullable PyValue get(String key) {
            return entries.get(new Text(key));
        }

        boolean has(String key) {
            return entries.containsKey(new Text(key));
        }

        @Override
        public String type() {
            return "dict";
        }
    }

    /**
     * A name that the pickle looks up.
     *
     * @param module as spelled in the pickle
     * @param name as spelled in the pickle
     * @param offset of the opcode in the pickle
     */
    record Global(String module, String name, long offset) implements PyValue {
        /** {@code module.name}, with everything but printable ASCII escaped. */
        String spelled() {
            return Spelling.visible(module + "." + name);
        }

        @Override
        public String type() {
            return "global";
        }
    }

    /** An object kept as data: its type's name, and its attributes if it has any. */
    final class Thing implements PyValue {
        private final String name;
        private @Nullable Dict attributes;

        /** An object of the type {@code name}, such as {@code argparse.Namespace}. */
        Thing(String name) {
            this.name = name;
        }

        /** Its attributes, once BUILD has given some. */
        @Nullable Dict attributes() {
            return attributes;
        }

        void attributes(Dict value) {
            attributes = value;
        }

        @Override
        public String type() {
            return name;
        }
    }
}
