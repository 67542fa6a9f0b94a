package tk.quantize.scalar;

/**
 * A scale for values that are not negative, such as the scales of sub-blocks: {@code x ≈ scale ·
 * code}, codes 0 … max (ggml's {@code make_qp_quants}). Weighted by how much each sub-block counts.
 *
 * <p>Nine guesses, then up to five sweeps that move one code at a time where this lessens the
 * error.
 *
 * <p>A value <em>can</em> be negative, where weights are all but zero. Its code is then a negative
 * integer, kept as an unsigned byte: it wraps, and goes on as the wrapped value.
 */
public final class QpSearch {
    private static final int SWEEPS = 5;

    private final int max;

    /** A search for codes 0 … {@code max}. */
    public QpSearch(int max) {
        this.max = max;
    }

    /**
     * The best scale found.
     *
     * @param codes receives a code (0 … 255) a value, from index 0 on
     */
    public float search(float[] x, int count, float[] weights, int[] codes) {
        float high = 0;
        for (int i = 0; i < count; i++) {
            if (x[i] > high) high = x[i];
        }
        if (high < QxSearch.EPSILON) {
            for (int i = 0; i < count; i++) codes[i] = 0;
            return 0;
        }
        float inverse = guess(x, count, weights, codes, high);
        float sumLx = 0;
        float sumL2 = 0;
        for (int i = 0; i < count; i++) {
            int l = limited(inverse * x[i]);
            codes[i] = l & 0xff;
            sumLx += weights[i] * x[i] * l;
            sumL2 += weights[i] * l * l;
        }
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            boolean changed = false;
            for (int i = 0; i < count; i++) {
                float w = weights[i];
                int l = codes[i];
                float restLx = sumLx - w * x[i] * l;
                float restL2 = sumL2 - w * l * l;
                if (!(restLx > 0 && restL2 > 0)) continue;
                int better = limited(x[i] * restL2 / restLx);
                if (better == l) continue;
                restLx += w * x[i] * better;
                restL2 += w * better * better;
                if (restLx * restLx * sumL2 > sumLx * sumLx * restL2) {
                    codes[i] = better & 0xff;
                    sumLx = restLx;
                    sumL2 = restL2;
                    changed = true;
                }
            }
            if (!changed) break;
        }
        return sumL2 > 0 ? sumLx / sumL2 : 0;
    }

    /** The inverse scale of the best of nine guesses. */
    private float guess(float[] x, int count, float[] weights, int[] codes, float high) {
        float inverse = max / high;
        float scale = 1 / inverse;
        float best = 0;
        for (int i = 0; i < count; i++) {
            codes[i] = Rounding.nearest(inverse * x[i]) & 0xff;
            float difference = x[i] - scale * codes[i];
            best += weights[i] * difference * difference;
        }
        for (int step = -4; step <= 4; step++) {
            if (step == 0) continue;
            float trialInverse = (0.1f * step + max) / high;
            float trialScale = 1 / trialInverse;
            float error = 0;
            for (int i = 0; i < count; i++) {
                float difference = x[i] - trialScale * limited(trialInverse * x[i]);
                error += weights[i] * difference * difference;
            }
            if (error < best) {
                best = error;
                inverse = trialInverse;
            }
        }
        return inverse;
    }

    private int limited(float value) {
        return Math.min(max, Rounding.nearest(value));
    }
}
