package tk.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Merges the characters of a text to pieces, best score first: SentencePiece's BPE, as the library
 * and llama.cpp do it. One for a text; not thread-safe.
 *
 * <p>Where no piece crosses the start of a word, words are merged one by one, and a word that was
 * seen shortly before is copied from the output. Otherwise the whole text is one word. The time is
 * O(n log n) in the longest word.
 */
final class PieceMerger {
    private static final int NONE = -1;
    private static final int MOST_CACHE_BITS = 15;
    private static final int LONGEST_CACHED = 64;

    /** Takes the symbols that remain. */
    interface Sink {
        /**
         * A symbol and the bytes it stands for.
         *
         * @param symbol of the table; a piece where it is below the number of pieces
         */
        void accept(int symbol, byte[] text, int from, int to, Ints out);
    }

    private final MergeTable table;
    private final Sink sink;

    // The symbols of the word at hand, as a list linked both ways.
    private int[] symbols = new int[64];
    private int[] starts = new int[65];
    private int[] previous = new int[64];
    private int[] next = new int[64];
    private int[] mergedWithNext = new int[64];

    /** Rank of a merge in the upper half, place of its left symbol in the lower: a binary heap. */
    private long[] heap = new long[64];

    private int heapSize;

    /** For unused pieces: the two symbols that were last seen to merge to each. */
    private final Map<Integer, int[]> parts = new HashMap<>();

    // Words seen: where in the text, and where in the output.
    private final int cacheBits;
    private final int[] wordFrom;
    private final int[] wordLength;
    private final int[] outFrom;
    private final int[] outLength;

    /**
     * A merger.
     *
     * @param length of the texts to come, in bytes: how much it is worth to remember
     */
    PieceMerger(MergeTable table, int length, Sink sink) {
        this.table = table;
        this.sink = sink;
        cacheBits = Math.min(MOST_CACHE_BITS, 31 - Integer.numberOfLeadingZeros(length / 8 + 2));
        wordFrom = new int[1 << cacheBits];
        wordLength = new int[1 << cacheBits];
        outFrom = new int[1 << cacheBits];
        outLength = new int[1 << cacheBits];
    }

    /**
     * Appends the ids of a text.
     *
     * @param text well-formed UTF-8
     */
    void encode(byte[] text, int from, int to, Ints out) {
        if (!table.splitsAtSpaces()) {
            word(text, from, to, out);
            return;
        }
        Arrays.fill(wordLength, 0);
        int at = from;
        while (at < to) {
            int start = at;
            while (at < to && isSpace(text, at, to)) at += 3;
            int hash = at - start;
            while (at < to && !isSpace(text, at, to)) hash = hash * 31 + text[at++];
            cachedWord(text, start, at, hash, out);
        }
    }

    /** Whether U+2581 is at this place. */
    private static boolean isSpace(byte[] text, int at, int to) {
        return text[at] == (byte) 0xe2
                && at + 2 < to
                && text[at + 1] == (byte) 0x96
                && text[at + 2] == (byte) 0x81;
    }

    private void cachedWord(byte[] text, int from, int to, int hash, Ints out) {
        int length = to - from;
        int slot = hash * 0x9e3779b9 >>> (32 - cacheBits);
        if (wordLength[slot] == length
                && Arrays.equals(text, from, to, text, wordFrom[slot], wordFrom[slot] + length)) {
            out.repeat(outFrom[slot], outLength[slot]);
            return;
        }
        int before = out.size();
        word(text, from, to, out);
        if (length <= LONGEST_CACHED) {
            wordFrom[slot] = from;
            wordLength[slot] = length;
            outFrom[slot] = before;
            outLength[slot] = out.size() - before;
        }
    }

    private void word(byte[] text, int from, int to, Ints out) {
        int count = split(text, from, to);
        heapSize = 0;
        for (int i = 0; i + 1 < count; i++) offer(i);
        while (heapSize > 0) {
            long best = poll();
            int left = (int) best;
            int piece = mergedWithNext[left];
            // An entry is stale when its symbol was merged away, or now merges to something else.
            if (piece == NONE || table.rank(piece) != (int) (best >>> 32)) continue;
            merge(left, piece);
        }
        for (int i = 0; i != NONE && count > 0; i = next[i]) {
            int end = next[i] == NONE ? to : starts[next[i]];
            emit(symbols[i], text, starts[i], end, out);
        }
    }

    private void emit(int symbol, byte[] text, int from, int to, Ints out) {
        int[] halves = parts.get(symbol);
        if (halves == null) {
            sink.accept(symbol, text, from, to, out);
            return;
        }
        int middle = from + halves[2];
        emit(halves[0], text, from, middle, out);
        emit(halves[1], text, middle, to, out);
    }

    private int split(byte[] text, int from, int to) {
        int count = 0;
        for (int at = from; at < to; count++) {
            if (count == symbols.length) grow();
            int length = Math.min(Utf8.length(text[at]), to - at);
            symbols[count] = table.character(Utf8.codePoint(text, at));
            starts[count] = at;
            previous[count] = count - 1;
            next[count] = count + 1;
            at += length;
        }
        if (count > 0) {
            next[count - 1] = NONE;
            mergedWithNext[count - 1] = NONE;
        }
        return count;
    }

    private void merge(int left, int piece) {
        int right = next[left];
        symbols[left] = piece;
        next[left] = next[right];
        if (next[right] != NONE) previous[next[right]] = left;
        mergedWithNext[right] = NONE;
        if (previous[left] != NONE) offer(previous[left]);
        offer(left);
    }

    /** Puts a symbol's merge with the one after it into the queue, where there is one. */
    private void offer(int left) {
        int right = next[left];
        int piece = right == NONE ? NONE : table.merged(symbols[left], symbols[right]);
        mergedWithNext[left] = piece;
        if (piece == NONE) return;
        if (table.unused().get(piece)) {
            int length = starts[right] - starts[left];
            parts.put(piece, new int[] {symbols[left], symbols[right], length});
        }
        if (heapSize == heap.length) heap = Arrays.copyOf(heap, heap.length * 2);
        long entry = (long) table.rank(piece) << 32 | left;
        int i = heapSize++;
        while (i > 0) {
            int parent = (i - 1) >>> 1;
            if (heap[parent] <= entry) break;
            heap[i] = heap[parent];
            i = parent;
        }
        heap[i] = entry;
    }

    private long poll() {
        long top = heap[0];
        long last = heap[--heapSize];
        int i = 0;
        for (int child = 1; child < heapSize; child = 2 * i + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= last) break;
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = last;
        return top;
    }

    private void grow() {
        int size = Math.multiplyExact(symbols.length, 2);
        symbols = Arrays.copyOf(symbols, size);
        starts = Arrays.copyOf(starts, size);
        previous = Arrays.copyOf(previous, size);
        next = Arrays.copyOf(next, size);
        mergedWithNext = Arrays.copyOf(mergedWithNext, size);
    }
}
