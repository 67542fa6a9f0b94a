package tk.verify.reference;

/**
 * Consecutive positions of a sequence that go through a layer together.
 *
 * @param first index of the first position
 * @param count how many
 * @param stride how many there is room for: {@code count} rounded up to whole vectors, or 1
 * @param hidden the residual stream, {@code (hidden, stride)}; columns from {@code count} on are
 *     padding
 */
record Chunk(int first, int count, int stride, float[] hidden) {
    /** The index after the last position. */
    int end() {
        return first + count;
    }
}
