package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * A scale for values around zero: {@code x ≈ scale · (code - max)}, codes 0 … 2·max-1 (ggml's
 * {@code make_qx_quants}).
 *
 * <p>The first guess sends the value of largest magnitude to the end of the range; 18 more, up to
 * 0.9 codes away on either side, are tried, each with the scale that minimizes its weighted squared
 * error.
 */
public final class QxSearch {
    /** Below this magnitude all values count as zero. */
    public static final float EPSILON = 1e-15f;

    private final int max;
    private float sumLx;
    private float sumL2;

    /** A search for codes around {@code max}. */
    public QxSearch(int max) {
        this.max = max;
    }

    /**
     * The best scale found.
     *
     * @param weights of the values' squared errors, from index {@code weightsFrom} on; null for x²
     * @param codes receives a code a value from index {@code at} on; 0 for all where all are zero
     */
    public float search(
            float[] x,
            int from,
            int count,
            float @Nullable [] weights,
            int weightsFrom,
            byte[] codes,
            int at) {
        float extreme = 0;
        float magnitude = 0;
        for (int i = from; i < from + count; i++) {
            float ax = Math.abs(x[i]);
            if (ax > magnitude) {
                magnitude = ax;
                extreme = x[i];
            }
        }
        if (magnitude < EPSILON) {
            for (int i = 0; i < count; i++) codes[at + i] = 0;
            return 0;
        }
        float inverse = -max / extreme;
        sum(x, from, count, weights, weightsFrom, inverse);
        store(x, from, count, inverse, codes, at);
        float scale = sumL2 != 0 ? sumLx / sumL2 : 0;
        float best = scale * sumLx;
        for (int step = -9; step <= 9; step++) {
            if (step == 0) continue;
            inverse = -(max + 0.1f * step) / extreme;
            sum(x, from, count, weights, weightsFrom, inverse);
            if (sumL2 > 0 && sumLx * sumLx > best * sumL2) {
                store(x, from, count, inverse, codes, at);
                scale = sumLx / sumL2;
                best = scale * sumLx;
            }
        }
        return scale;
    }

    private void sum(
            float[] x,
            int from,
            int count,
            float @Nullable [] weights,
            int weightsFrom,
            float inverse) {
        sumLx = 0;
        sumL2 = 0;
        for (int i = 0; i < count; i++) {
            float v = x[from + i];
            float w = weights == null ? v * v : weights[weightsFrom + i];
            int l = Rounding.nearest(inverse * v, -max, max - 1);
            sumLx += w * v * l;
            sumL2 += w * l * l;
        }
    }

    private void store(float[] x, int from, int count, float inverse, byte[] codes, int at) {
        for (int i = 0; i < count; i++) {
            codes[at + i] = (byte) (max + Rounding.nearest(inverse * x[from + i], -max, max - 1));
        }
    }
}
