package tk.tokenizer;

import java.util.Arrays;

/** A growing list of ints. Not thread-safe. */
final class Ints {
    private int[] values;
    private int size;

    Ints(int capacity) {
        values = new int[Math.max(capacity, 8)];
    }

    void add(int value) {
        if (size == values.length) values = Arrays.copyOf(values, Math.multiplyExact(size, 2));
        values[size++] = value;
    }

    /** Adds again what was added at {@code from}. */
    void repeat(int from, int count) {
        if (values.length - size < count) {
            values = Arrays.copyOf(values, Math.addExact(Math.multiplyExact(size, 2), count));
        }
        System.arraycopy(values, from, values, size, count);
        size += count;
    }

    int get(int index) {
        return values[index];
    }

    void set(int index, int value) {
        values[index] = value;
    }

    int removeLast() {
        return values[--size];
    }

    int size() {
        return size;
    }

    int[] toArray() {
        return Arrays.copyOf(values, size);
    }
}
