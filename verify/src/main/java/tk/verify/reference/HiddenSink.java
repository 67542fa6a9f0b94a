package tk.verify.reference;

/** Receives what the head is applied to, one position at a time, in order. */
@FunctionalInterface
public interface HiddenSink {
    /**
     * Takes one position.
     *
     * @param position index into the sequence
     * @param hidden {@code [hidden]} after the final norm; the caller's array, used again
     * @param logits {@code [vocabulary]}; the caller's array, used again
     * @param logSumExp {@code ln Σ e^logit} over the whole vocabulary: log-probability = logit −
     *     this
     */
    void accept(int position, float[] hidden, float[] logits, double logSumExp);
}
