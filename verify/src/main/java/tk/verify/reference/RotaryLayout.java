package tk.verify.reference;

/**
 * Which two values of a head a rotary angle turns, for angle {@code i} of {@code headDim / 2}.
 *
 * <p>The same model in the other layout has the rows of its query and key projections in another
 * order.
 */
enum RotaryLayout {
    /** Values {@code i} and {@code i + headDim/2}: Hugging Face; Qwen's GGUF files ("NEOX"). */
    HALF_SPLIT,
    /** Values {@code 2i} and {@code 2i + 1}: the paper, Meta's files; llama's GGUF files. */
    INTERLEAVED;

    /** Index of the pair's first value. */
    int first(int i) {
        return this == HALF_SPLIT ? i : 2 * i;
    }

    /** Index of the pair's second value. */
    int second(int i, int headDim) {
        return this == HALF_SPLIT ? i + headDim / 2 : 2 * i + 1;
    }
}
