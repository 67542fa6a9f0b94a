package tk.verify.weights;

/** Which two values of a head RoPE turns together, and so how query and key rows are ordered. */
enum RowOrder {
    /** Values i and i + d/2: Hugging Face; GGUF of Qwen's families. */
    HALVES,
    /** Values 2i and 2i + 1: Meta's release, torchtune; GGUF of the llama family. */
    PAIRS;

    /**
     * Where the row lies that is row {@code row} in the order of {@link #HALVES}.
     *
     * @param headDim rows of a head
     */
    long stored(long row, long headDim) {
        if (this == HALVES) return row;
        long within = row % headDim;
        long half = headDim / 2;
        return row - within + 2 * (within % half) + within / half;
    }

    /** The inverse: which row of {@link #HALVES} is stored as row {@code row}. */
    long canonical(long row, long headDim) {
        if (this == HALVES) return row;
        long within = row % headDim;
        return row - within + within / 2 + (within % 2) * (headDim / 2);
    }
}
