package tk.tokenizer;

import java.util.Arrays;

/**
 * The best cut of a text into pieces by the sum of their scores: SentencePiece's unigram model. The
 * sums are kept in single precision from the text's start, as the library keeps them, since in long
 * texts that decides between cuts.
 *
 * <p>Source: google/sentencepiece, {@code unigram_model.cc}, {@code EncodeOptimized}.
 */
final class Viterbi {
    private static final float UNKNOWN_PENALTY = 10;

    private final Trie trie;
    private final double[] scores;
    private final boolean[] constant;
    private final int unknownId;
    private final float unknownScore;
    private final float highest;

    /**
     * @param trie the pieces' bytes
     * @param scores by id
     * @param userDefined which pieces score by their length instead, so that they are always taken
     * @param lowest the lowest score of a normal piece
     * @param highest the highest score of a normal piece, or the smallest float if none is above 0
     */
    Viterbi(
            Trie trie,
            float[] scores,
            boolean[] userDefined,
            int unknownId,
            float lowest,
            float highest) {
        this.trie = trie;
        this.scores = new double[scores.length];
        Arrays.setAll(this.scores, id -> scores[id]);
        this.constant = userDefined.clone();
        this.unknownId = unknownId;
        this.unknownScore = lowest - UNKNOWN_PENALTY;
        this.highest = highest;
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
        float[] best = new float[size + 1];
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
                double score = constant[id] ? (end - from) * highest - 0.1 : scores[id];
                double total = score + best[from];
                if (startsAt[end] < 0 || total > best[end]) {
                    best[end] = (float) total;
                    startsAt[end] = from;
                    ids[end] = id;
                }
                single |= end - from == length;
            }
            int end = from + length;
            if (!single) {
                float total = unknownScore + best[from];
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
}
