package tk.verify.reference;

/** Receives the residual stream after every layer: the evidence where two models part. */
@FunctionalInterface
public interface LayerSink {
    /**
     * Takes one position after one layer.
     *
     * @param layer 0 for the embedding, i for the output of layer i counted from 1; before the
     *     final norm
     * @param position index into the sequence
     * @param hidden {@code [hidden]}; the caller's array, used again
     */
    void accept(int layer, int position, float[] hidden);
}
