package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * A scale for 32 values in a code book of sixteen: {@code x ≈ scale · CODE_BOOK[code]} (the first
 * half of ggml's {@code quantize_row_iq4_nl_impl}).
 *
 * <p>The first guess sends the value of largest magnitude to the code book's first entry, -127; 15
 * more send it to -134 … -120. Each gives codes, and these the scale that minimizes the weighted
 * squared error.
 */
public final class Iq4Search {
    /** Values in a block. */
    public static final int VALUES = 32;

    private static final byte[] CODE_BOOK = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private static final int TRIES = 7;

    private float sumQx;
    private float sumQ2;

    /** What a code stands for. */
    public static int decode(int code) {
        return CODE_BOOK[code];
    }

    /** The code whose entry is nearest; of two as near, the larger one. */
    public static int nearest(float value) {
        if (value <= CODE_BOOK[0]) return 0;
        if (value >= CODE_BOOK[15]) return 15;
        int low = 0;
        int high = 15;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (value < CODE_BOOK[middle]) high = middle;
            else low = middle;
        }
        return value - CODE_BOOK[low] < CODE_BOOK[high] - value ? low : high;
    }

    /**
     * The best scale found; 0 where all values are zero.
     *
     * @param weights of the values' squared errors, from index 0 on; null for x²
     */
    public float search(float[] x, int from, float @Nullable [] weights) {
        float extreme = 0;
        float magnitude = 0;
        for (int i = from; i < from + VALUES; i++) {
            float ax = Math.abs(x[i]);
            if (ax > magnitude) {
                magnitude = ax;
                extreme = x[i];
            }
        }
        if (magnitude < QxSearch.EPSILON) return 0;
        sum(x, from, weights, 1 / (-extreme / CODE_BOOK[0]));
        float scale = sumQ2 > 0 ? sumQx / sumQ2 : 0;
        float best = scale * sumQx;
        for (int step = -TRIES; step <= TRIES; step++) {
            sum(x, from, weights, (step + CODE_BOOK[0]) / extreme);
            if (sumQ2 > 0 && sumQx * sumQx > best * sumQ2) {
                scale = sumQx / sumQ2;
                best = scale * sumQx;
            }
        }
        return scale;
    }

    private void sum(float[] x, int from, float @Nullable [] weights, float inverse) {
        sumQx = 0;
        sumQ2 = 0;
        for (int i = 0; i < VALUES; i++) {
            float v = x[from + i];
            float w = weights == null ? v * v : weights[i];
            float q = CODE_BOOK[nearest(inverse * v)];
            sumQx += w * q * v;
            sumQ2 += w * q * q;
        }
    }

    /** Packs 32 codes: byte j of 16 holds, low nibble first, those of values j and j + 16. */
    static void pack(byte[] codes, int from, byte[] into, int at) {
        for (int j = 0; j < 16; j++) {
            into[at + j] = (byte) (codes[from + j] | codes[from + 16 + j] << 4);
        }
    }
}
