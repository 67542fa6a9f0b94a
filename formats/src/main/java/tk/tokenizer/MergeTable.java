package tk.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * Which two neighbouring symbols merge to which third, and how soon: SentencePiece's BPE, where any
 * two symbols merge whose texts together are a piece.
 *
 * <p>A symbol is a piece (its id) or, numbered after the pieces, a character that is part of a
 * piece without being one. Every other character is {@link #STRANGER}: it merges with nothing.
 */
final class MergeTable {
    static final int STRANGER = -1;

    private final int[] basic = new int[0x10000];
    private final LongIntMap supplementary = new LongIntMap(16);
    private final LongIntMap pairs;
    private final int[] ranks;
    private final boolean splitsAtSpaces;
    private final BitSet unused;

    /**
     * A table.
     *
     * @param texts of the pieces, by id
     * @param scores of the pieces: the higher, the sooner merged; equal ones from left to right
     * @param mergeable which pieces can be the result of a merge, or a character of the text
     * @param unused which pieces are taken apart again when nothing more merges
     */
    MergeTable(List<String> texts, float[] scores, IntPredicate mergeable, BitSet unused) {
        Map<String, Integer> symbols = HashMap.newHashMap(texts.size());
        for (int id = 0; id < texts.size(); id++) {
            if (mergeable.test(id)) symbols.put(texts.get(id), id);
        }
        Arrays.fill(basic, STRANGER);
        int next = texts.size();
        boolean spacesLead = true;
        int splits = 0;
        for (Map.Entry<String, Integer> symbol : List.copyOf(symbols.entrySet())) {
            String text = symbol.getKey();
            spacesLead &= !hasInnerSpace(text);
            for (int i = 0; i < text.length(); i = text.offsetByCodePoints(i, 1)) {
                int c = text.codePointAt(i);
                if (character(c) == STRANGER) {
                    Integer piece = symbols.get(Character.toString(c));
                    if (piece == null) {
                        piece = next++;
                        symbols.put(Character.toString(c), piece);
                    }
                    setCharacter(c, piece);
                }
                splits++;
            }
        }
        // What an unused piece is taken apart to may be decided in another word.
        splitsAtSpaces = spacesLead && unused.isEmpty();
        this.unused = unused;
        ranks = ranks(scores);
        pairs = new LongIntMap(splits);
        for (int id = 0; id < texts.size(); id++) {
            if (mergeable.test(id)) addSplits(texts.get(id), id, symbols);
        }
    }

    private void addSplits(String text, int id, Map<String, Integer> symbols) {
        for (int i = 1; i < text.length(); i++) {
            if (Character.isLowSurrogate(text.charAt(i))) continue;
            Integer left = symbols.get(text.substring(0, i));
            Integer right = left == null ? null : symbols.get(text.substring(i));
            if (right != null) pairs.put(LongIntMap.key(left, right), id);
        }
    }

    /** Ranks instead of scores: 0 is merged first. */
    private static int[] ranks(float[] scores) {
        TreeMap<Float, Integer> distinct = new TreeMap<>();
        for (float score : scores) distinct.put(ordered(score), 0);
        int rank = 0;
        for (Map.Entry<Float, Integer> entry : distinct.descendingMap().entrySet()) {
            entry.setValue(rank++);
        }
        int[] ranks = new int[scores.length];
        for (int id = 0; id < ranks.length; id++) ranks[id] = distinct.get(ordered(scores[id]));
        return ranks;
    }

    /** Makes -0 and 0 equal, and what is no number the last. */
    private static float ordered(float score) {
        return Float.isNaN(score) ? Float.NEGATIVE_INFINITY : score + 0f;
    }

    private static boolean hasInnerSpace(String text) {
        for (int i = 1; i < text.length(); i++) {
            if (text.charAt(i) == SentencePieceModel.SPACE
                    && text.charAt(i - 1) != SentencePieceModel.SPACE) {
                return true;
            }
        }
        return false;
    }

    private void setCharacter(int codePoint, int symbol) {
        if (codePoint < basic.length) basic[codePoint] = symbol;
        else supplementary.put(codePoint, symbol);
    }

    /** The symbol of a character, or {@link #STRANGER}. */
    int character(int codePoint) {
        return codePoint < basic.length ? basic[codePoint] : supplementary.get(codePoint);
    }

    /** The piece that two symbols merge to, or -1. */
    int merged(int left, int right) {
        return left < 0 || right < 0 ? -1 : pairs.get(LongIntMap.key(left, right));
    }

    /** A piece's place in the order of merging. */
    int rank(int piece) {
        return ranks[piece];
    }

    /** The pieces that are taken apart again when nothing more merges. */
    BitSet unused() {
        return unused;
    }

    /**
     * Whether no piece goes on after a space: then a text falls into words that start with their
     * spaces, and each can be merged by itself.
     */
    boolean splitsAtSpaces() {
        return splitsAtSpaces;
    }
}
