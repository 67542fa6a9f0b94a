package tk.verify.reference;

/** Receives what the matrices of a decoder are multiplied with: the evidence of what they need. */
@FunctionalInterface
public interface InputSink {
    /** Which matrices an input is for. */
    enum Input {
        /** Query, key and value: the normed residual stream. */
        ATTENTION,
        /** The attention's output projection: the heads side by side. */
        ATTENTION_OUTPUT,
        /** Gate and up: the normed residual stream after the attention. */
        MLP,
        /** Down: the MLP's inner layer. */
        DOWN,
        /** The head: the residual stream after the final norm. */
        HEAD
    }

    /**
     * Takes the inputs of some consecutive positions.
     *
     * @param layer the decoder layer, counted from 0; -1 of the head
     * @param x {@code (features, stride)}, the first {@code count} columns of each row; the model's
     *     array, used again
     * @param features how many values an input has
     * @param count how many positions
     */
    void accept(int layer, Input input, float[] x, int features, int stride, int count);
}
