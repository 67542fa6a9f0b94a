package tk.verify.reference;

import java.util.Arrays;

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
     * @param first the first position
     * @param count how many
     * @param stride positions a row of the tables has room for
     * @param length how many positions the sequence has by then
     * @param cos receives {@code (headDim / 2, stride)}
     * @param sin receives {@code (headDim / 2, stride)}
     */
    default void tables(int first, int count, int stride, int length, float[] cos, float[] sin) {
        float[] frequencies = frequencies(length);
        for (int i = 0; i < frequencies.length; i++) {
            for (int t = 0; t < count; t++) {
                float angle = frequencies[i] * (first + t);
                cos[i * stride + t] = (float) Math.cos(angle) * magnitude();
                sin[i * stride + t] = (float) Math.sin(angle) * magnitude();
            }
            Arrays.fill(cos, i * stride + count, (i + 1) * stride, 0);
            Arrays.fill(sin, i * stride + count, (i + 1) * stride, 0);
        }
    }
}
