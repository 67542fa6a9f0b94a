package tk.tokenizer;

/**
 * A set of sequences with numbers, over bytes or chars: which of them start at a place of a text.
 * Safe to read from several threads once filled.
 */
final class Trie {
    private static final int NONE = -1;

    private final LongIntMap children;
    private final Ints numbers = new Ints(16);

    /** Which units start a sequence: most places of a text are done with this look. */
    private final boolean[] starts = new boolean[0x10000];

    /**
     * An empty trie.
     *
     * @param units about how many bytes or chars all sequences have together
     */
    Trie(int units) {
        children = new LongIntMap(units);
        numbers.add(NONE);
    }

    /** Adds a sequence of bytes; of equal ones the last counts, an empty one is left out. */
    void add(byte[] sequence, int number) {
        int node = 0;
        for (byte unit : sequence) node = childOrNew(node, unit & 0xff);
        if (node != 0) numbers.set(node, number);
    }

    /** Adds a sequence of chars; of equal ones the last counts, an empty one is left out. */
    void add(CharSequence sequence, int number) {
        int node = 0;
        for (int i = 0; i < sequence.length(); i++) node = childOrNew(node, sequence.charAt(i));
        if (node != 0) numbers.set(node, number);
    }

    private int childOrNew(int node, int unit) {
        if (node == 0) starts[unit] = true;
        int child = child(node, unit);
        if (child != NONE) return child;
        child = numbers.size();
        numbers.add(NONE);
        children.put(LongIntMap.key(node, unit), child);
        return child;
    }

    /** The node after another (0 is the first), or -1. */
    int child(int node, int unit) {
        return children.get(LongIntMap.key(node, unit));
    }

    /** The number of the sequence that ends at a node, or -1. */
    int number(int node) {
        return numbers.get(node);
    }

    /** Length in the upper 32 bits and number of the longest sequence at {@code at}; 0 for none. */
    long longest(byte[] text, int at, int to) {
        if (!starts[text[at] & 0xff]) return 0;
        long found = 0;
        int node = 0;
        for (int i = at; i < to; i++) {
            node = child(node, text[i] & 0xff);
            if (node == NONE) break;
            if (number(node) != NONE) found = LongIntMap.key(i + 1 - at, number(node));
        }
        return found;
    }

    /** Length in the upper 32 bits and number of the longest sequence at {@code at}; 0 for none. */
    long longest(CharSequence text, int at, int to) {
        if (!starts[text.charAt(at)]) return 0;
        long found = 0;
        int node = 0;
        for (int i = at; i < to; i++) {
            node = child(node, text.charAt(i));
            if (node == NONE) break;
            if (number(node) != NONE) found = LongIntMap.key(i + 1 - at, number(node));
        }
        return found;
    }

    /** How much of the text from {@code at} on is the beginning of a sequence. */
    int longestPath(byte[] text, int at, int to) {
        int node = 0;
        int i = at;
        for (; i < to; i++) {
            node = child(node, text[i] & 0xff);
            if (node == NONE) break;
        }
        return i - at;
    }

    /** Marks the numbers of all sequences that occur anywhere. */
    void mark(CharSequence text, boolean[] seen) {
        for (int at = 0; at < text.length(); at++) {
            if (!starts[text.charAt(at)]) continue;
            int node = 0;
            for (int i = at; i < text.length(); i++) {
                node = child(node, text.charAt(i));
                if (node == NONE) break;
                if (number(node) != NONE) seen[number(node)] = true;
            }
        }
    }
}
