package tk.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * Which two neighbouring symbols merge to which third, and how soon. Safe to use from several
 * threads.
 *
 * <p>A symbol is a token (its id) or, numbered after the tokens, a text that occurs on the way to
 * one. {@link #STRANGER} merges with nothing.
 */
final class MergeTable {
    static final int STRANGER = -1;

    private final int[] basic = new int[0x10000];
    private final LongIntMap supplementary = new LongIntMap(16);
    private final LongIntMap pairs;
    private final int[] ranks;
    private final int[] results;
    private final BitSet unused;

    private MergeTable(LongIntMap pairs, int[] ranks, int[] results, BitSet unused) {
        this.pairs = pairs;
        this.ranks = ranks;
        this.results = results;
        this.unused = unused;
        Arrays.fill(basic, STRANGER);
    }

    /**
     * SentencePiece's: any two symbols merge whose texts together are a piece, the one with the
     * best score first, of equal ones the leftmost.
     *
     * @param texts of the pieces, by id
     * @param scores of the pieces
     * @param mergeable which pieces can be the result of a merge, or a character of the text
     * @param unused which pieces are taken apart again when nothing more merges
     */
    static MergeTable byScore(
            List<String> texts, float[] scores, IntPredicate mergeable, BitSet unused) {
        Map<String, Integer> pieces = HashMap.newHashMap(texts.size());
        for (int id = 0; id < texts.size(); id++) {
            if (mergeable.test(id)) pieces.putIfAbsent(texts.get(id), id);
        }
        Symbols symbols = new Symbols(pieces, texts.size());
        int splits = 0;
        for (int id = 0; id < texts.size(); id++) {
            if (!mergeable.test(id)) continue;
            symbols.addCharacters(texts.get(id));
            splits += texts.get(id).length();
        }
        LongIntMap pairs = new LongIntMap(splits);
        for (int id = 0; id < texts.size(); id++) {
            if (mergeable.test(id)) addSplits(texts.get(id), id, symbols, pairs);
        }
        int[] results = new int[texts.size()];
        Arrays.setAll(results, id -> id);
        MergeTable table = new MergeTable(pairs, ranks(scores), results, unused);
        symbols.characters.forEach(table::setCharacter);
        return table;
    }

    private static void addSplits(String text, int id, Symbols symbols, LongIntMap pairs) {
        for (int i = 1; i < text.length(); i++) {
            if (Character.isLowSurrogate(text.charAt(i))) continue;
            Integer left = symbols.ids.get(text.substring(0, i));
            if (left == null) continue;
            Integer right = symbols.ids.get(text.substring(i));
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
        for (int id = 0; id < ranks.length; id++)
            ranks[id] = Objects.requireNonNull(distinct.get(ordered(scores[id])));
        return ranks;
    }

    /** Makes -0 and 0 equal, and what is no number the last. */
    private static float ordered(float score) {
        return Float.isNaN(score) ? Float.NEGATIVE_INFINITY : score + 0f;
    }

    /** Two texts that merge. */
    record Merge(String left, String right) {}

    /**
     * Byte-pair encoding's: only the listed merges, the first listed first. Of equal ones the first
     * counts.
     *
     * @param tokens their ids by text
     * @param size above every id
     * @param merges best first
     */
    static MergeTable byRank(Map<String, Integer> tokens, int size, List<Merge> merges) {
        Symbols symbols = new Symbols(tokens, size);
        LongIntMap pairs = new LongIntMap(merges.size());
        int[] ranks = new int[merges.size()];
        int[] results = new int[merges.size()];
        for (int rank = 0; rank < ranks.length; rank++) {
            Merge merge = merges.get(rank);
            symbols.addCharacters(merge.left);
            symbols.addCharacters(merge.right);
            long pair = LongIntMap.key(symbols.id(merge.left), symbols.id(merge.right));
            ranks[rank] = rank;
            results[rank] = symbols.id(merge.left + merge.right);
            if (pairs.get(pair) < 0) pairs.put(pair, rank);
        }
        for (String text : tokens.keySet()) {
            if (text.codePointCount(0, text.length()) == 1) symbols.addCharacters(text);
        }
        MergeTable table = new MergeTable(pairs, ranks, results, new BitSet());
        symbols.characters.forEach(table::setCharacter);
        return table;
    }

    /** Texts to numbers: tokens keep their ids, others come after them. */
    private static final class Symbols {
        final Map<String, Integer> ids;
        final Map<Integer, Integer> characters = new HashMap<>();
        private int next;

        Symbols(Map<String, Integer> tokens, int size) {
            ids = new HashMap<>(tokens);
            next = size;
        }

        int id(String text) {
            Integer id = ids.get(text);
            if (id != null) return id;
            ids.put(text, next);
            return next++;
        }

        void addCharacters(String text) {
            for (int i = 0; i < text.length(); ) {
                int c = text.codePointAt(i);
                if (!characters.containsKey(c)) characters.put(c, id(Character.toString(c)));
                i += Character.charCount(c);
            }
        }
    }

    private void setCharacter(int codePoint, int symbol) {
        if (codePoint < basic.length) basic[codePoint] = symbol;
        else supplementary.put(codePoint, symbol);
    }

    /** The symbol of a character, or {@link #STRANGER}. */
    int character(int codePoint) {
        return codePoint < basic.length ? basic[codePoint] : supplementary.get(codePoint);
    }

    /** The merge of two symbols, or -1. */
    int merge(int left, int right) {
        return left < 0 || right < 0 ? -1 : pairs.get(LongIntMap.key(left, right));
    }

    /** A merge's place in the order of merging: 0 comes first. */
    int rank(int merge) {
        return ranks[merge];
    }

    /** The symbol that a merge makes. */
    int result(int merge) {
        return results[merge];
    }

    /** The symbols that are taken apart again when nothing more merges. */
    BitSet unused() {
        return unused;
    }

    /**
     * Merges as GGUF spells them: two texts with a space between, the first of at least a
     * character.
     */
    static List<Merge> parse(List<String> merges) {
        List<Merge> parsed = new ArrayList<>(merges.size());
        for (String merge : merges) {
            int space = merge.indexOf(' ', 1);
            parsed.add(
                    space < 0
                            ? new Merge("", "")
                            : new Merge(merge.substring(0, space), merge.substring(space + 1)));
        }
        return parsed;
    }
}
