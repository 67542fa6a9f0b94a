package tk.verify.evaluation;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * ROUGE as Google's {@code rouge-score} computes it, without stemming: F-measures of one text, the
 * best over its references.
 *
 * <p>Words are runs of {@code a–z} and {@code 0–9} in lower case: other letters separate words, by
 * that definition. Source: Lin 2004.
 *
 * @param one overlap of words
 * @param two overlap of pairs of words
 * @param longest longest common subsequence (ROUGE-L)
 * @param summary the same by lines, joined (ROUGE-Lsum)
 */
public record Rouge(double one, double two, double longest, double summary) {
    private static final Pattern OTHER = Pattern.compile("[^a-z0-9]+");

    /** The F-measures of a text, each from 0 to 1. */
    public static Rouge of(String text, List<String> references) {
        Rouge best = new Rouge(0, 0, 0, 0);
        for (String reference : references) {
            List<String> expected = tokens(reference);
            List<String> found = tokens(text);
            best =
                    new Rouge(
                            Math.max(best.one, overlap(expected, found, 1)),
                            Math.max(best.two, overlap(expected, found, 2)),
                            Math.max(best.longest, longest(expected, found)),
                            Math.max(best.summary, summary(lines(reference), lines(text))));
        }
        return best;
    }

    static List<String> tokens(String text) {
        List<String> words = new ArrayList<>();
        for (String word : OTHER.split(text.toLowerCase(Locale.ROOT))) {
            if (!word.isEmpty()) words.add(word);
        }
        return words;
    }

    private static List<List<String>> lines(String text) {
        List<List<String>> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            if (!line.isEmpty()) lines.add(tokens(line));
        }
        return lines;
    }

    private static double overlap(List<String> expected, List<String> found, int n) {
        Map<List<String>, Integer> a = counts(expected, n);
        Map<List<String>, Integer> b = counts(found, n);
        long shared = 0;
        for (Map.Entry<List<String>, Integer> gram : a.entrySet()) {
            shared += Math.min(gram.getValue(), b.getOrDefault(gram.getKey(), 0));
        }
        return measure(
                shared, Math.max(0, found.size() - n + 1), Math.max(0, expected.size() - n + 1));
    }

    private static Map<List<String>, Integer> counts(List<String> words, int n) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int i = 0; i + n <= words.size(); i++) {
            counts.merge(words.subList(i, i + n), 1, Integer::sum);
        }
        return counts;
    }

    /** Twice the product of precision and recall over their sum. */
    private static double measure(long shared, long found, long expected) {
        double precision = (double) shared / Math.max(1, found);
        double recall = (double) shared / Math.max(1, expected);
        return shared == 0 ? 0 : 2 * precision * recall / (precision + recall);
    }

    private static double longest(List<String> expected, List<String> found) {
        int[][] table = table(expected, found);
        return measure(table[expected.size()][found.size()], found.size(), expected.size());
    }

    /** Lengths of the longest common subsequences of all beginnings. */
    private static int[][] table(List<String> expected, List<String> found) {
        int[][] table = new int[expected.size() + 1][found.size() + 1];
        for (int i = 1; i <= expected.size(); i++) {
            for (int j = 1; j <= found.size(); j++) {
                table[i][j] =
                        expected.get(i - 1).equals(found.get(j - 1))
                                ? table[i - 1][j - 1] + 1
                                : Math.max(table[i - 1][j], table[i][j - 1]);
            }
        }
        return table;
    }

    private static double summary(List<List<String>> expected, List<List<String>> found) {
        Map<String, Integer> leftExpected = new HashMap<>();
        Map<String, Integer> leftFound = new HashMap<>();
        expected.forEach(line -> line.forEach(word -> leftExpected.merge(word, 1, Integer::sum)));
        found.forEach(line -> line.forEach(word -> leftFound.merge(word, 1, Integer::sum)));
        long hits = 0;
        for (List<String> line : expected) {
            BitSet union = new BitSet();
            for (List<String> other : found) mark(line, other, union);
            for (int i = union.nextSetBit(0); i >= 0; i = union.nextSetBit(i + 1)) {
                String word = line.get(i);
                // A word counts as often as both sides have it.
                if (leftFound.getOrDefault(word, 0) > 0 && leftExpected.getOrDefault(word, 0) > 0) {
                    hits++;
                    leftFound.merge(word, -1, Integer::sum);
                    leftExpected.merge(word, -1, Integer::sum);
                }
            }
        }
        return measure(hits, size(found), size(expected));
    }

    private static long size(List<List<String>> lines) {
        return lines.stream().mapToLong(List::size).sum();
    }

    /** Marks the places in {@code expected} of one longest common subsequence. */
    private static void mark(List<String> expected, List<String> found, BitSet places) {
        int[][] table = table(expected, found);
        int i = expected.size();
        int j = found.size();
        while (i > 0 && j > 0) {
            if (expected.get(i - 1).equals(found.get(j - 1))) {
                places.set(i - 1);
                i--;
                j--;
            } else if (table[i][j - 1] > table[i - 1][j]) {
                j--;
            } else {
                i--;
            }
        }
    }
}
