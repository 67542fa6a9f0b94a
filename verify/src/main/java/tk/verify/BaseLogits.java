package tk.verify;

/**
 * The log-probabilities of one position as {@code llama-perplexity --kl-divergence-base} stores
 * them: the 16 nats below the largest cut into 65,535 steps.
 *
 * <p>Kept in memory where llama-perplexity keeps a file; the rounding is part of its method, and
 * without it the numbers would not compare: it alone makes divergences of about 1e-5.
 */
final class BaseLogits {
    private final char[] codes; // (vocabulary)
    private float step;
    private float least;

    BaseLogits(int vocabulary) {
        codes = new char[vocabulary];
    }

    /** Codes the logits of a position, {@code [vocabulary]}. */
    void code(float[] logits) {
        float max = Float.NEGATIVE_INFINITY;
        float min = Float.POSITIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
            min = Math.min(min, logit);
        }
        min = Math.max(min, max - 16);
        double sum = 0;
        for (float logit : logits) sum += (float) Math.exp(logit - max);
        least = min - max - (float) Math.log(sum);
        step = (max - min) / 65535;
        float inverse = step == 0 ? 0 : 1 / step;
        for (int i = 0; i < codes.length; i++) {
            codes[i] = logits[i] > min ? (char) Math.rint(inverse * (logits[i] - min)) : 0;
        }
    }

    /** The log-probability of a token, as coded. */
    float logProbability(int token) {
        return step * codes[token] + least;
    }
}
