package tk.verify;

import tk.verify.corpus.Corpus;
import tk.verify.tokens.Vocabulary;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * What both models are given, as the source's token ids.
 *
 * @param compared sequences whose logits are compared at every position
 * @param continued sequences that both continue
 * @param continuation by how many tokens
 */
record Prompts(List<int[]> compared, List<int[]> continued, int continuation) {
    /** As many positions show what more would: tokens of a long prompt. */
    private static final int LONG = 256;

    private static final int CONTINUATION = 16;

    /**
     * The built-in prompts and the user's.
     *
     * @param vocabulary the source's; without one, sequences of arbitrary ids do
     * @param rows ids are below
     * @param context sequences are no longer
     */
    static Prompts of(
            Optional<Vocabulary> vocabulary, int rows, int context, VerifyOptions options) {
        int most = Math.clamp(LogitRun.KEPT / Math.max(1, rows), 1, Math.max(1, context));
        int longest = Math.min(most, options.sample() ? LONG / 4 : LONG);
        if (vocabulary.isEmpty()) return arbitrary(rows, longest);
        List<int[]> compared = new ArrayList<>();
        List<String> longs = Corpus.longPrompts();
        for (String text : options.sample() ? longs.subList(0, 1) : longs) {
            add(compared, vocabulary.get(), text, rows, longest);
        }
        for (String text : Corpus.shortPrompts()) {
            add(compared, vocabulary.get(), text, rows, longest);
        }
        for (String text : options.prompts()) {
            add(compared, vocabulary.get(), text, rows, most);
        }
        List<int[]> continued = new ArrayList<>();
        List<String> beginnings = Corpus.greedyPrompts();
        for (String text : options.sample() ? beginnings.subList(0, 1) : beginnings) {
            add(continued, vocabulary.get(), text, rows, longest);
        }
        if (compared.isEmpty() || continued.isEmpty()) return arbitrary(rows, longest);
        return new Prompts(compared, continued, options.sample() ? 8 : CONTINUATION);
    }

    /** Without the text if it has a character that the source, a GGUF then, has no token for. */
    private static void add(
            List<int[]> prompts, Vocabulary vocabulary, String text, int rows, int longest) {
        if (vocabulary.encode(text).isEmpty()) return;
        int[] ids = vocabulary.ids(text, rows);
        if (ids.length > 0) prompts.add(Arrays.copyOf(ids, Math.min(ids.length, longest)));
    }

    private static Prompts arbitrary(int rows, int longest) {
        SplittableRandom random = new SplittableRandom(1);
        List<int[]> prompts = new ArrayList<>();
        for (int length : new int[] {longest, 16, 5}) {
            prompts.add(random.ints(Math.min(length, longest), 0, rows).toArray());
        }
        return new Prompts(prompts, List.of(prompts.getLast()), CONTINUATION);
    }
}
