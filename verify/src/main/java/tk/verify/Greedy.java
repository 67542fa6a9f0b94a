package tk.verify;

import tk.verify.reference.LogitModel;

import java.util.Arrays;

/**
 * What a model writes when it always takes the likeliest token, and what the reference thinks of
 * it.
 *
 * @param reference the reference's continuation, token ids
 * @param candidate the candidate's
 * @param excess nats a token, by the reference's judgement, that the candidate's continuation is
 *     less likely than the reference's own; negative where it is likelier
 */
record Greedy(int[] reference, int[] candidate, double excess) {

    /** Lets both continue a prompt by {@code length} tokens. */
    static Greedy of(LogitModel reference, LogitModel candidate, int[] prompt, int length) {
        int[] expected = write(reference, prompt, length);
        int[] found = write(candidate, prompt, length);
        double excess =
                Arrays.equals(expected, found)
                        ? 0
                        : loss(reference, prompt, found) - loss(reference, prompt, expected);
        return new Greedy(expected, found, excess);
    }

    /** How many tokens agree before the first that doesn't. */
    int agreed() {
        int difference = Arrays.mismatch(reference, candidate);
        return difference < 0 ? reference.length : difference;
    }

    private static int[] write(LogitModel model, int[] prompt, int length) {
        int[] written = new int[length];
        try (LogitModel.Session session = model.start()) {
            float[] logits = session.append(prompt);
            for (int i = 0; i < length; i++) {
                written[i] = likeliest(logits);
                if (i + 1 < length) logits = session.append(written[i]);
            }
        }
        return written;
    }

    /** Mean negative log-likelihood of a continuation; infinite where a token isn't known. */
    private static double loss(LogitModel model, int[] prompt, int[] continuation) {
        for (int token : continuation) {
            if (token >= model.vocabularySize()) return Double.POSITIVE_INFINITY;
        }
        int[] all = Arrays.copyOf(prompt, prompt.length + continuation.length);
        System.arraycopy(continuation, 0, all, prompt.length, continuation.length);
        int first = prompt.length - 1;
        double[] sum = new double[1];
        model.logits(
                all,
                first,
                (position, logits) -> {
                    if (position + 1 == all.length) return;
                    sum[0] +=
                            LogitComparison.logSumExp(logits, logits.length)
                                    - logits[all[position + 1]];
                });
        return sum[0] / continuation.length;
    }

    /** The lowest id of the highest score; a NaN is never the highest. */
    private static int likeliest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best] || Float.isNaN(logits[best])) best = i;
        }
        return best;
    }
}
