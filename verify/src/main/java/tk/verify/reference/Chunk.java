package tk.verify.reference;

import java.util.List;

/**
 * Positions of one sequence, or of several, that go through a layer together.
 *
 * @param spans whose they are, in the order of the columns
 * @param count how many
 * @param stride how many there is room for: {@code count} rounded up to whole vectors, or 1
 * @param hidden the residual stream, {@code (hidden, stride)}; columns from {@code count} on are
 *     padding
 * @param cos of the rotary angles, {@code (headDim / 2, stride)}
 * @param sin of them, likewise
 */
record Chunk(List<Span> spans, int count, int stride, float[] hidden, float[] cos, float[] sin) {

    /**
     * Consecutive positions of a sequence.
     *
     * @param sequence which one of those that run together
     * @param first index of the first position
     * @param from its column
     * @param count how many
     */
    record Span(int sequence, int first, int from, int count) {
        /** The index after the last position. */
        int end() {
            return first + count;
        }
    }
}
