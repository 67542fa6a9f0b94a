package tk.verify.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Corpus BLEU as sacreBLEU computes it by default: the tokenizer {@code 13a}, n-grams of up to four
 * words, exponential smoothing, the reference of the nearest length for the brevity penalty.
 *
 * <p>Sources: Papineni et al. 2002; Post 2018 and sacreBLEU 2, signature {@code
 * nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp}.
 */
public final class Bleu {
    private static final int ORDER = 4;

    /** The steps of {@code mteval-v13a}: what each puts spaces around. */
    private static final List<Map.Entry<Pattern, String>> STEPS =
            List.of(
                    Map.entry(Pattern.compile("([{-~\\[-` -&(-+:-@/])"), " $1 "),
                    Map.entry(Pattern.compile("([^0-9])([.,])"), "$1 $2 "),
                    Map.entry(Pattern.compile("([.,])([^0-9])"), " $1 $2"),
                    Map.entry(Pattern.compile("([0-9])(-)"), "$1 $2 "));

    private static final Pattern SPACE = Pattern.compile("\\s+", Pattern.UNICODE_CHARACTER_CLASS);

    private final long[] correct = new long[ORDER];
    private final long[] total = new long[ORDER];
    private long length;
    private long referenceLength;

    /** No text yet. */
    public Bleu() {}

    /**
     * Adds a text.
     *
     * @param references what would have been right; at least one
     */
    public void add(String text, List<String> references) {
        List<String> words = tokens(text);
        Map<List<String>, Integer> allowed = new HashMap<>();
        int nearest = -1;
        for (String reference : references) {
            List<String> expected = tokens(reference);
            counts(expected).forEach((gram, count) -> allowed.merge(gram, count, Math::max));
            int away = Math.abs(expected.size() - words.size());
            int best = Math.abs(nearest - words.size());
            if (nearest < 0 || away < best || away == best && expected.size() < nearest) {
                nearest = expected.size();
            }
        }
        length += words.size();
        referenceLength += nearest;
        for (int n = 1; n <= ORDER; n++) total[n - 1] += Math.max(0, words.size() - n + 1);
        counts(words)
                .forEach(
                        (gram, count) ->
                                correct[gram.size() - 1] +=
                                        Math.min(count, allowed.getOrDefault(gram, 0)));
    }

    private static Map<List<String>, Integer> counts(List<String> words) {
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int n = 1; n <= ORDER; n++) {
            for (int i = 0; i + n <= words.size(); i++) {
                counts.merge(words.subList(i, i + n), 1, Integer::sum);
            }
        }
        return counts;
    }

    /** From 0 to 100. */
    public double score() {
        if (Arrays.stream(correct).allMatch(count -> count == 0)) return 0;
        double logs = 0;
        double smooth = 1;
        for (int n = 0; n < ORDER; n++) {
            // No text is so long: its precision is 0, and so is the product.
            if (total[n] == 0) return 0;
            double precision = (double) correct[n] / total[n];
            if (correct[n] == 0) {
                smooth *= 2;
                precision = 1 / (smooth * total[n]);
            }
            logs += Math.log(100 * precision);
        }
        double brevity =
                length >= referenceLength ? 1 : Math.exp(1 - (double) referenceLength / length);
        return brevity * Math.exp(logs / ORDER);
    }

    /** Words and punctuation as {@code mteval-v13a} separates them. */
    static List<String> tokens(String text) {
        String line = text.stripTrailing().replace("<skipped>", "").replace("-\n", "");
        line = line.replace('\n', ' ');
        line = line.replace("&quot;", "\"").replace("&amp;", "&");
        line = line.replace("&lt;", "<").replace("&gt;", ">");
        line = " " + line + " ";
        for (Map.Entry<Pattern, String> step : STEPS) {
            Matcher matcher = step.getKey().matcher(line);
            line = matcher.replaceAll(step.getValue());
        }
        List<String> words = new ArrayList<>();
        for (String word : SPACE.split(line)) {
            if (!word.isEmpty()) words.add(word);
        }
        return words;
    }
}
