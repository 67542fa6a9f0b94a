package tk.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Merges the symbols of a text, best merge first: byte-pair encoding, as sentencepiece, llama.cpp
 * and tokenizers do it. One for a text; not thread-safe.
 *
 * <p>A text comes word by word, where nothing merges across words; a word that was seen shortly
 * before is copied from the output. The time is O(n log n) in the longest word.
 */
final class PieceMerger {
    private static final int NONE = -1;
    private static final int MOST_CACHE_BITS = 15;
    private static final int LONGEST_CACHED = 64;

    /** Takes the symbols that remain. */
    interface Sink {
        /** A symbol and the bytes it stands for. */
        void accept(int symbol, byte[] text, int from, int to, Ints out);

        /** The id of a word that is not merged because it is a token as it stands, or -1. */
        default int whole(byte[] text, int from, int to) {
            return -1;
        }
    }

    private final MergeTable table;
    private final boolean byteLevel;
    private final Sink sink;

    // The symbols of the word at hand, as a list linked both ways.
    private int[] symbols = new int[64];
    private int[] starts = new int[64];
    private int[] previous = new int[64];
    private int[] next = new int[64];
    private int[] mergeWithNext = new int[64];

    /** Rank of a merge in the upper half, place of its left symbol in the lower: a binary heap. */
    private long[] heap = new long[64];

    private int heapSize;

    /** For unused symbols: the two that were last seen to merge to each, and the first's length. */
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
     * @param byteLevel whether every byte is a symbol, that of its byte-level character, rather
     *     than every character
     * @param length of the text, in bytes: how much it is worth to remember
     */
    PieceMerger(MergeTable table, boolean byteLevel, int length, Sink sink) {
        this.table = table;
        this.byteLevel = byteLevel;
        this.sink = sink;
        cacheBits = Math.min(MOST_CACHE_BITS, 31 - Integer.numberOfLeadingZeros(length / 8 + 2));
        wordFrom = new int[1 << cacheBits];
        wordLength = new int[1 << cacheBits];
        outFrom = new int[1 << cacheBits];
        outLength = new int[1 << cacheBits];
    }

    /**
     * Appends the ids of a word, from the output where the same one is still known. All words must
     * be of one text and go to one output.
     *
     * @param text well-formed UTF-8
     */
    void word(byte[] text, int from, int to, Ints out) {
        int length = to - from;
        int hash = length;
        for (int i = from; i < to; i++) hash = hash * 31 + text[i];
        int slot = hash * 0x9e3779b9 >>> (32 - cacheBits);
        if (wordLength[slot] == length
                && Arrays.equals(text, from, to, text, wordFrom[slot], wordFrom[slot] + length)) {
            out.repeat(outFrom[slot], outLength[slot]);
            return;
        }
        int before = out.size();
        merge(text, from, to, out);
        if (length <= LONGEST_CACHED) {
            wordFrom[slot] = from;
            wordLength[slot] = length;
            outFrom[slot] = before;
            outLength[slot] = out.size() - before;
        }
    }

    /** Appends the ids of a word, without looking for it in the output. */
    void merge(byte[] text, int from, int to, Ints out) {
        int whole = sink.whole(text, from, to);
        if (whole >= 0) {
            out.add(whole);
            return;
        }
        int count = split(text, from, to);
        heapSize = 0;
        for (int i = 0; i + 1 < count; i++) offer(i);
        while (heapSize > 0) {
            long best = poll();
            int left = (int) best;
            int merge = mergeWithNext[left];
            // An entry is stale when its symbol was merged away, or now merges to something else.
            if (merge != NONE && table.rank(merge) == (int) (best >>> 32)) join(left, merge);
        }
        for (int i = count > 0 ? 0 : NONE; i != NONE; i = next[i]) {
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
            starts[count] = at;
            previous[count] = count - 1;
            next[count] = count + 1;
            if (byteLevel) {
                symbols[count] = table.character(ByteLevel.character(text[at]));
                at++;
            } else {
                symbols[count] = table.character(Utf8.codePoint(text, at));
                at += Utf8.length(text[at]);
            }
        }
        if (count > 0) {
            next[count - 1] = NONE;
            mergeWithNext[count - 1] = NONE;
        }
        return count;
    }

    private void join(int left, int merge) {
        int right = next[left];
        symbols[left] = table.result(merge);
        next[left] = next[right];
        if (next[right] != NONE) previous[next[right]] = left;
        mergeWithNext[right] = NONE;
        if (previous[left] != NONE) offer(previous[left]);
        offer(left);
    }

    /** Puts a symbol's merge with the one after it into the queue, where there is one. */
    private void offer(int left) {
        int right = next[left];
        int merge = right == NONE ? NONE : table.merge(symbols[left], symbols[right]);
        mergeWithNext[left] = merge;
        if (merge == NONE) return;
        if (table.unused().get(table.result(merge))) {
            int length = starts[right] - starts[left];
            parts.put(table.result(merge), new int[] {symbols[left], symbols[right], length});
        }
        if (heapSize == heap.length) heap = Arrays.copyOf(heap, heap.length * 2);
        long entry = LongIntMap.key(table.rank(merge), left);
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
        mergeWithNext = Arrays.copyOf(mergeWithNext, size);
    }
}
