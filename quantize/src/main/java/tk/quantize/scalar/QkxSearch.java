package tk.quantize.scalar;

/**
 * A scale and a minimum: {@code x ≈ scale · code - min}, codes 0 … max, min ≥ 0 (ggml's {@code
 * make_qkx2_quants} and {@code make_qkx3_quants}).
 *
 * <p>The first guess spans the values' range. Then a number of steeper and flatter guesses are
 * tried: each gives codes, and a weighted linear regression on these the scale and minimum.
 */
public final class QkxSearch {
    private final int max;
    private final float firstStep;
    private final float stepSize;
    private final int steps;
    private final boolean absolute;
    private final boolean clampFirst;
    private final byte[] trial = new byte[32];

    private float min;
    private float sumL;
    private float sumL2;
    private float sumXl;

    /**
     * A search for codes 0 … {@code max}.
     *
     * @param firstStep how many codes the first of the further guesses is from {@code max}
     * @param stepSize by how many codes each further guess differs
     * @param steps how many guesses follow after the first of them
     * @param absolute whether absolute errors count instead of squared ones
     * @param clampFirst whether the further guesses limit a value before they round it ({@code
     *     qkx3}) or after ({@code qkx2}): it decides where the value is too large to round
     */
    public QkxSearch(
            int max,
            float firstStep,
            float stepSize,
            int steps,
            boolean absolute,
            boolean clampFirst) {
        this.max = max;
        this.firstStep = firstStep;
        this.stepSize = stepSize;
        this.steps = steps;
        this.absolute = absolute;
        this.clampFirst = clampFirst;
    }

    /** The search of all types that use an importance matrix. */
    public static QkxSearch weighted(int max) {
        return new QkxSearch(max, -0.9f, 0.05f, 36, false, true);
    }

    /**
     * The best scale found; {@link #min()} is the minimum that goes with it.
     *
     * @param count at most 32
     * @param weights of the values' errors, from index 0 on
     * @param codes receives a code a value from index {@code at} on
     */
    public float search(float[] x, int from, int count, float[] weights, byte[] codes, int at) {
        float low = x[from];
        float high = x[from];
        float sumW = weights[0];
        float sumX = weights[0] * x[from];
        for (int i = 1; i < count; i++) {
            float v = x[from + i];
            if (v < low) low = v;
            if (v > high) high = v;
            sumW += weights[i];
            sumX += weights[i] * v;
        }
        if (low > 0) low = 0;
        if (high == low) {
            for (int i = 0; i < count; i++) codes[at + i] = 0;
            min = -low;
            return 0;
        }
        float inverse = max / (high - low);
        float scale = 1 / inverse;
        for (int i = 0; i < count; i++) {
            codes[at + i] = (byte) Rounding.nearest(inverse * (x[from + i] - low), 0, max);
        }
        float best = error(x, from, count, weights, codes, at, scale, low);
        for (int step = 0; step <= steps; step++) {
            inverse = (firstStep + stepSize * step + max) / (high - low);
            sums(x, from, count, weights, inverse, low);
            float determinant = sumW * sumL2 - sumL * sumL;
            if (!(determinant > 0)) continue;
            float trialScale = (sumW * sumXl - sumX * sumL) / determinant;
            float trialLow = (sumL2 * sumX - sumL * sumXl) / determinant;
            if (trialLow > 0) {
                trialLow = 0;
                trialScale = sumXl / sumL2;
            }
            float error = error(x, from, count, weights, trial, 0, trialScale, trialLow);
            if (error < best) {
                System.arraycopy(trial, 0, codes, at, count);
                best = error;
                scale = trialScale;
                // The next guesses start from here, although high stays: llama.cpp does so.
                low = trialLow;
            }
        }
        min = -low;
        return scale;
    }

    /** What the last search found to be subtracted. */
    public float min() {
        return min;
    }

    private void sums(float[] x, int from, int count, float[] weights, float inverse, float low) {
        sumL = 0;
        sumL2 = 0;
        sumXl = 0;
        for (int i = 0; i < count; i++) {
            float v = x[from + i];
            float w = weights[i];
            int l = code(inverse * (v - low));
            trial[i] = (byte) l;
            sumL += w * l;
            sumL2 += w * l * l;
            sumXl += w * l * v;
        }
    }

    private int code(float value) {
        if (!clampFirst) return Rounding.nearest(value, 0, max);
        return value > 0 ? Rounding.nearest(value < max ? value : max) : 0;
    }

    private float error(
            float[] x,
            int from,
            int count,
            float[] weights,
            byte[] codes,
            int at,
            float scale,
            float low) {
        float error = 0;
        for (int i = 0; i < count; i++) {
            float difference = scale * codes[at + i] + low - x[from + i];
            error += weights[i] * (absolute ? Math.abs(difference) : difference * difference);
        }
        return error;
    }
}
