package tk.tokenizer;

import java.util.Arrays;

/**
 * The best cut of a text into pieces by the sum of their scores: SentencePiece's unigram model.
 *
 * <p>The library keeps the sums in single precision from the text's start, which in long texts
 * decides between cuts; llama.cpp keeps them in double precision.
 *
 * <p>Source: google/sentencepiece, {@code unigram_model.cc}, {@code EncodeOptimized}.
 */
final class Viterbi {
    /** How much worse than the worst piece an unknown character is. */
    static final float UNKNOWN_PENALTY = 10;

    private final Trie trie;
    private final double[] scores;
    private final int unknownId;
    private final double unknownScore;
    private final boolean singlePrecision;

    /**
     * A model.
     *
     * @param trie the pieces' bytes
     * @param scores by id; not copied
     * @param unknownId what a character without a piece of its own becomes
     */
    Viterbi(
            Trie trie,
            double[] scores,
            int unknownId,
            double unknownScore,
            boolean singlePrecision) {
        this.trie = trie;
        this.scores = scores;
        this.unknownId = unknownId;
        this.unknownScore = unknownScore;
        this.singlePrecision = singlePrecision;
    }

    /** Takes the pieces of the best cut, in order. */
    interface Sink {
        void accept(int id, int from, int to);
    }

    /** Cuts well-formed UTF-8. */
    void encode(byte[] text, Sink sink) {
        int size = text.length;
        int[] ids = new int[size + 1];
        int[] startsAt = new int[size + 1];
        double[] best = new double[size + 1];
        Arrays.fill(startsAt, -1);
        int from = 0;
        while (from < size) {
            int length = Math.min(Utf8.length(text[from]), size - from);
            boolean single = false;
            int node = 0;
            for (int i = from; i < size; i++) {
                node = trie.child(node, text[i] & 0xff);
                if (node < 0) break;
                int id = trie.number(node);
                if (id < 0) continue;
                int end = i + 1;
                double total = scores[id] + best[from];
                if (startsAt[end] < 0 || total > best[end]) {
                    best[end] = rounded(total);
                    startsAt[end] = from;
                    ids[end] = id;
                }
                single |= end - from == length;
            }
            int end = from + length;
            if (!single) {
                double total = rounded(unknownScore + best[from]);
                if (startsAt[end] < 0 || total > best[end]) {
                    best[end] = total;
                    startsAt[end] = from;
                    ids[end] = unknownId;
                }
            }
            from = end;
        }
        int[] ends = startsAt; // reused: the way back gives the ends in reverse
        int count = 0;
        int[] path = new int[16];
        for (int end = size; end > 0; end = ends[end]) {
            if (count == path.length) path = Arrays.copyOf(path, count * 2);
            path[count++] = end;
        }
        int start = 0;
        while (count > 0) {
            int end = path[--count];
            sink.accept(ids[end], start, end);
            start = end;
        }
    }

    private double rounded(double sum) {
        return singlePrecision ? (float) sum : sum;
    }
}
