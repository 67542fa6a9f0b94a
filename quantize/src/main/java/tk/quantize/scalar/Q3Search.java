package tk.quantize.scalar;

/**
 * A scale for values around zero in very few codes: {@code x ≈ scale · (code - max)}, codes 0 …
 * 2·max-1, each value weighted by its square (ggml's {@code make_q3_quants}).
 *
 * <p>One guess, which sends the value of largest magnitude to the end of the range, then up to five
 * sweeps that move one code at a time where this lessens the error.
 */
public final class Q3Search {
    private static final int SWEEPS = 5;

    private final int max;

    /** A search for codes around {@code max}. */
    public Q3Search(int max) {
        this.max = max;
    }

    /**
     * The best scale found.
     *
     * @param codes receives a code a value from index {@code at} on; 0 for all where all are zero
     */
    public float search(float[] x, int from, int count, byte[] codes, int at) {
        float extreme = 0;
        float magnitude = 0;
        for (int i = from; i < from + count; i++) {
            float ax = Math.abs(x[i]);
            if (ax > magnitude) {
                magnitude = ax;
                extreme = x[i];
            }
        }
        if (magnitude < QxSearch.EPSILON) {
            for (int i = 0; i < count; i++) codes[at + i] = 0;
            return 0;
        }
        float inverse = -max / extreme;
        float sumLx = 0;
        float sumL2 = 0;
        for (int i = 0; i < count; i++) {
            float v = x[from + i];
            int l = Rounding.nearest(inverse * v, -max, max - 1);
            codes[at + i] = (byte) l;
            float w = v * v;
            sumLx += w * v * l;
            sumL2 += w * l * l;
        }
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            boolean changed = false;
            for (int i = 0; i < count; i++) {
                float v = x[from + i];
                float w = v * v;
                int l = codes[at + i];
                float restLx = sumLx - w * v * l;
                if (!(restLx > 0)) continue;
                float restL2 = sumL2 - w * l * l;
                int better = Rounding.nearest(v * restL2 / restLx, -max, max - 1);
                if (better == l) continue;
                restLx += w * v * better;
                restL2 += w * better * better;
                if (restL2 > 0 && restLx * restLx * sumL2 > sumLx * sumLx * restL2) {
                    codes[at + i] = (byte) better;
                    sumLx = restLx;
                    sumL2 = restL2;
                    changed = true;
                }
            }
            if (!changed) break;
        }
        for (int i = 0; i < count; i++) codes[at + i] += (byte) max;
        return sumL2 > 0 ? sumLx / sumL2 : 0;
    }
}
