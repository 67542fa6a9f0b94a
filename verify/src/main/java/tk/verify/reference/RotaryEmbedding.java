package tk.verify.reference;

import tk.verify.reference.Chunk.Span;

/**
 * Rotary position embedding (Su et al., 2021): angle {@code i} of a head turns by {@code position ·
 * frequency[i]}.
 *
 * <p>Frequencies are F32 and so is their product with the position, as in PyTorch; sine and cosine
 * are taken in double and rounded once.
 */
sealed interface RotaryEmbedding {
    /**
     * The frequencies for a sequence that reaches {@code length} positions.
     *
     * @return {@code (headDim / 2)} radians a position; not to be changed
     */
    float[] frequencies(int length);

    /** What sine and cosine are multiplied by. */
    float magnitude();

    /** The same frequencies for every length. */
    record Fixed(float[] frequencies, float magnitude) implements RotaryEmbedding {
        @Override
        public float[] frequencies(int length) {
            return frequencies;
        }
    }

    /** LongRoPE: other frequencies for sequences longer than the original context. */
    record ByLength(float[] upTo, float[] beyond, int originalContext, float magnitude)
            implements RotaryEmbedding {
        @Override
        public float[] frequencies(int length) {
            return length > originalContext ? beyond : upTo;
        }
    }

    /** Dynamic NTK: beyond the original context the base grows with the length. */
    record Growing(int headDim, double theta, double factor, int originalContext)
            implements RotaryEmbedding {
        @Override
        public float[] frequencies(int length) {
            double stretched = factor * Math.max(length, originalContext) / originalContext;
            double base =
                    theta * Math.pow(stretched - (factor - 1), headDim / (double) (headDim - 2));
            return RotaryFrequencies.plain(headDim, base);
        }

        @Override
        public float magnitude() {
            return 1;
        }
    }

    /**
     * Sines and cosines of consecutive positions.
     *
     * @param span the positions, and their columns
     * @param length how many positions the sequence has by then
     * @param stride columns a row of the tables has room for
     * @param cos receives {@code (headDim / 2, stride)}, in the columns of the span
     * @param sin receives the same
     */
    default void tables(Span span, int length, int stride, float[] cos, float[] sin) {
        float[] frequencies = frequencies(length);
        for (int i = 0; i < frequencies.length; i++) {
            int to = i * stride + span.from();
            for (int t = 0; t < span.count(); t++) {
                float angle = frequencies[i] * (span.first() + t);
                cos[to + t] = (float) Math.cos(angle) * magnitude();
                sin[to + t] = (float) Math.sin(angle) * magnitude();
            }
        }
    }
}
