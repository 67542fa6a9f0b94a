package tk.verify;

import tk.verify.reference.LogitModel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a model writes when it always takes the likeliest token, and what the reference thinks of
 * it.
 *
 * @param reference the reference's continuation, token ids
 * @param candidate the candidate's
 * @param regret mean nats, by the reference's judgement, that another token would have been
 *     likelier than the candidate's, at every step of the candidate's own text
 */
record Greedy(int[] reference, int[] candidate, double regret) {

    /** Lets both continue prompts by {@code length} tokens, all prompts side by side. */
    static List<Greedy> of(
            LogitModel reference, LogitModel candidate, List<int[]> prompts, int length) {
        int tokens = reference.vocabularySize();
        int[][] expected = write(reference, prompts, length, tokens);
        int[][] found = write(candidate, prompts, length, tokens);
        double[] regret = regret(reference, prompts, expected, found);
        List<Greedy> all = new ArrayList<>();
        for (int i = 0; i < expected.length; i++) {
            all.add(new Greedy(expected[i], found[i], regret[i]));
        }
        return all;
    }

    /** How many tokens agree before the first that doesn't. */
    int agreed() {
        int difference = Arrays.mismatch(reference, candidate);
        return difference < 0 ? reference.length : difference;
    }

    /** Tokens that only the candidate has are another gate's matter. */
    private static int[][] write(LogitModel model, List<int[]> prompts, int length, int tokens) {
        int[][] written = new int[prompts.size()][length];
        try (LogitModel.Batch batch = model.start(prompts.size())) {
            int[][] next = prompts.toArray(int[][]::new);
            for (int i = 0; i < length; i++) {
                float[][] logits = batch.append(next);
                for (int p = 0; p < written.length; p++) {
                    written[p][i] = likeliest(logits[p], tokens);
                    next[p] = new int[] {written[p][i]};
                }
            }
        }
        return written;
    }

    /** 0 where both wrote the same, infinite where a token isn't one of the model's. */
    private static double[] regret(
            LogitModel model, List<int[]> prompts, int[][] expected, int[][] found) {
        double[] sums = new double[found.length];
        List<Integer> judged = new ArrayList<>();
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < found.length; i++) {
            if (Arrays.stream(found[i]).anyMatch(token -> token >= model.vocabularySize())) {
                sums[i] = Double.POSITIVE_INFINITY;
            } else if (!Arrays.equals(expected[i], found[i])) {
                int[] prompt = prompts.get(i);
                int[] text = Arrays.copyOf(prompt, prompt.length + found[i].length);
                System.arraycopy(found[i], 0, text, prompt.length, found[i].length);
                judged.add(i);
                texts.add(text);
            }
        }
        if (texts.isEmpty()) return sums;
        model.logits(
                texts,
                (sequence, position, logits) -> {
                    int i = judged.get(sequence);
                    int step = position + 1 - prompts.get(i).length;
                    if (step < 0 || step == found[i].length) return;
                    double most = logits[likeliest(logits, logits.length)];
                    sums[i] += (most - logits[found[i][step]]) / found[i].length;
                });
        return sums;
    }

    /** The lowest id of the highest score; a NaN is never the highest. */
    private static int likeliest(float[] logits, int tokens) {
        int best = 0;
        for (int i = 1; i < Math.min(tokens, logits.length); i++) {
            if (logits[i] > logits[best] || Float.isNaN(logits[best])) best = i;
        }
        return best;
    }
}
