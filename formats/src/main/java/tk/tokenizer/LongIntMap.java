package tk.tokenizer;

import java.util.Arrays;

/** A hash map from longs to non-negative ints. Safe to read from several threads once filled. */
final class LongIntMap {
    private static final int NONE = -1;

    private long[] keys;
    private int[] values;
    private int shift;
    private int size;

    LongIntMap(int expected) {
        int bits = Math.max(4, 33 - Integer.numberOfLeadingZeros(Math.max(expected, 1)));
        allocate(bits);
    }

    private void allocate(int bits) {
        keys = new long[1 << bits];
        values = new int[1 << bits];
        Arrays.fill(values, NONE);
        shift = 64 - bits;
        size = 0;
    }

    /** A key of two ints. */
    static long key(int high, int low) {
        return (long) high << 32 | (low & 0xffffffffL);
    }

    /** The value of a key, or -1. */
    int get(long key) {
        int mask = keys.length - 1;
        for (int i = slot(key); ; i = (i + 1) & mask) {
            int value = values[i];
            if (value == NONE || keys[i] == key) return value;
        }
    }

    /** Sets a key's value. */
    void put(long key, int value) {
        int mask = keys.length - 1;
        int i = slot(key);
        while (values[i] != NONE && keys[i] != key) i = (i + 1) & mask;
        if (values[i] == NONE) size++;
        keys[i] = key;
        values[i] = value;
        if (size * 2L > keys.length) grow();
    }

    private void grow() {
        long[] oldKeys = keys;
        int[] oldValues = values;
        allocate(65 - shift);
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldValues[i] != NONE) put(oldKeys[i], oldValues[i]);
        }
    }

    private int slot(long key) {
        return (int) ((key ^ key >>> 29) * 0x9e3779b97f4a7c15L >>> shift);
    }
}
