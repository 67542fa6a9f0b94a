package tk.verify;

import tk.verify.reference.LogitModel;

import java.util.Arrays;

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

    /** Lets both continue a prompt by {@code length} tokens. */
    static Greedy of(LogitModel reference, LogitModel candidate, int[] prompt, int length) {
        int tokens = reference.vocabularySize();
        int[] expected = write(reference, prompt, length, tokens);
        int[] found = write(candidate, prompt, length, tokens);
        double regret = Arrays.equals(expected, found) ? 0 : regret(reference, prompt, found);
        return new Greedy(expected, found, regret);
    }

    /** How many tokens agree before the first that doesn't. */
    int agreed() {
        int difference = Arrays.mismatch(reference, candidate);
        return difference < 0 ? reference.length : difference;
    }

    /** Tokens that only the candidate has are another gate's matter. */
    private static int[] write(LogitModel model, int[] prompt, int length, int tokens) {
        int[] written = new int[length];
        try (LogitModel.Session session = model.start()) {
            float[] logits = session.append(prompt);
            for (int i = 0; i < length; i++) {
                written[i] = likeliest(logits, tokens);
                if (i + 1 < length) logits = session.append(written[i]);
            }
        }
        return written;
    }

    /** Infinite where a token isn't one of the model's. */
    private static double regret(LogitModel model, int[] prompt, int[] continuation) {
        for (int token : continuation) {
            if (token >= model.vocabularySize()) return Double.POSITIVE_INFINITY;
        }
        int[] all = Arrays.copyOf(prompt, prompt.length + continuation.length);
        System.arraycopy(continuation, 0, all, prompt.length, continuation.length);
        double[] sum = new double[1];
        model.logits(
                all,
                prompt.length - 1,
                (position, logits) -> {
                    if (position + 1 == all.length) return;
                    sum[0] +=
                            (double) logits[likeliest(logits, logits.length)]
                                    - logits[all[position + 1]];
                });
        return sum[0] / continuation.length;
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
