package tk.verify.reference;

import tk.verify.reference.Chunk.Span;

import java.util.Arrays;

/** The rotated keys and the values of one layer, for all positions so far. */
final class KeyValueCache {
    private final int kvHeads;
    private final int headDim;
    private int capacity;
    private int length;
    private float[] keys; // (kvHeads, capacity, headDim)
    private float[] values; // (kvHeads, headDim, capacity)

    /** An empty cache with room for {@code capacity} positions; it grows. */
    KeyValueCache(int kvHeads, int headDim, int capacity) {
        this.kvHeads = kvHeads;
        this.headDim = headDim;
        this.capacity = capacity;
        int size = Math.multiplyExact(Math.multiplyExact(kvHeads, headDim), capacity);
        this.keys = new float[size];
        this.values = new float[size];
    }

    /** Forgets all positions. */
    void clear() {
        length = 0;
    }

    /** How many positions a row of {@link #values()} has room for. */
    int capacity() {
        return capacity;
    }

    /** {@code (kvHeads, capacity, headDim)}. */
    float[] keys() {
        return keys;
    }

    /** {@code (kvHeads, headDim, capacity)}: a position's values stand in a column. */
    float[] values() {
        return values;
    }

    /**
     * Adds the positions of a span.
     *
     * @param key {@code (kvHeads * headDim, stride)}
     * @param value {@code (kvHeads * headDim, stride)}
     */
    void append(float[] key, float[] value, int stride, Span span) {
        int count = span.count();
        if (length + count > capacity) grow(length + count);
        for (int h = 0; h < kvHeads; h++) {
            for (int d = 0; d < headDim; d++) {
                int from = (h * headDim + d) * stride + span.from();
                int keyAt = (h * capacity + length) * headDim + d;
                for (int t = 0; t < count; t++) keys[keyAt + t * headDim] = key[from + t];
                System.arraycopy(value, from, values, (h * headDim + d) * capacity + length, count);
            }
        }
        length += count;
    }

    private void grow(int needed) {
        int larger = Math.max(needed, Math.addExact(capacity, capacity / 2));
        float[] newKeys = new float[Math.multiplyExact(kvHeads * headDim, larger)];
        float[] newValues = new float[newKeys.length];
        for (int h = 0; h < kvHeads; h++) {
            System.arraycopy(
                    keys, h * capacity * headDim, newKeys, h * larger * headDim, length * headDim);
        }
        for (int row = 0; row < kvHeads * headDim; row++) {
            System.arraycopy(values, row * capacity, newValues, row * larger, length);
        }
        keys = newKeys;
        values = newValues;
        capacity = larger;
    }

    /** As many empty caches as there are layers. */
    static KeyValueCache[] forAll(Decoder model, int capacity) {
        KeyValueCache[] caches = new KeyValueCache[model.layers().size()];
        Arrays.setAll(caches, i -> new KeyValueCache(model.kvHeads(), model.headDim(), capacity));
        return caches;
    }
}
