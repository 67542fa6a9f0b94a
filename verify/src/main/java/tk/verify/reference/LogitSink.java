package tk.verify.reference;

/** Receives the logits of a sequence, one position at a time, in order. */
@FunctionalInterface
public interface LogitSink {
    /**
     * Takes the logits of one position: the scores of every token for being the next one.
     *
     * @param position index into the sequence, 0 being its first token
     * @param logits {@code [vocabulary]}, natural-log scale, not normalised; the caller's array,
     *     used again for the next position: copy what shall be kept
     */
    void accept(int position, float[] logits);
}
