package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * What Q4_K and Q5_K have in common: a super-block of 256 values in eight sub-blocks of 32, {@code
 * x ≈ d·s · q - dmin·m} with a scale {@code s} and a minimum {@code m} of six bits a sub-block.
 *
 * <pre>
 * byte  0…1   d      F16
 *       2…3   dmin   F16
 *       4…15  s, m   as in {@link SixBitScales}
 * </pre>
 */
final class SixBitFit {
    static final int VALUES = 256;
    static final int SCALES = 4;
    private static final int SUB = 32;
    private static final int SUBS = 8;

    private final int max;
    private final QkxSearch plain;
    private final QkxSearch weighted;
    private final QpSearch superScale = new QpSearch(63);
    private final boolean limitCodes;

    private final float[] weights = new float[SUB];
    private final float[] subWeights = new float[SUBS];
    private final float[] scales = new float[SUBS];
    private final float[] mins = new float[SUBS];
    private final int[] scaleCodes = new int[SUBS];
    private final int[] minCodes = new int[SUBS];

    /** The codes found by the last fit, one a value. */
    final byte[] codes = new byte[VALUES];

    /**
     * A fit with codes 0 … {@code max}.
     *
     * @param plain the search used without importance
     * @param limitCodes whether importance-weighted scales are limited to 63 (Q5_K does, Q4_K
     *     doesn't, which shows where one has wrapped, see {@link QpSearch})
     */
    SixBitFit(int max, QkxSearch plain, boolean limitCodes) {
        this.max = max;
        this.plain = plain;
        this.weighted = QkxSearch.weighted(max);
        this.limitCodes = limitCodes;
    }

    /** Finds {@link #codes} and stores the first 16 bytes of the block. */
    void fit(float[] x, int from, float @Nullable [] importance, int column, byte[] into, int at) {
        if (importance == null) {
            fitPlain(x, from, into, at);
        } else {
            fitWeighted(x, from, importance, column, into, at);
        }
        SixBitScales.pack(scaleCodes, minCodes, 0, into, at + SCALES);
        requantize(x, from, into, at);
    }

    private void fitPlain(float[] x, int from, byte[] into, int at) {
        float highestScale = 0;
        float highestMin = 0;
        for (int j = 0; j < SUBS; j++) {
            int start = from + SUB * j;
            float mean = (float) Math.sqrt(Importance.sumOfSquares(x, start, SUB) / SUB);
            for (int i = 0; i < SUB; i++) weights[i] = mean + Math.abs(x[start + i]);
            scales[j] = plain.search(x, start, SUB, weights, codes, SUB * j);
            mins[j] = plain.min();
            if (scales[j] > highestScale) highestScale = scales[j];
            if (mins[j] > highestMin) highestMin = mins[j];
        }
        float inverseScale = highestScale > 0 ? 63 / highestScale : 0;
        float inverseMin = highestMin > 0 ? 63 / highestMin : 0;
        for (int j = 0; j < SUBS; j++) {
            scaleCodes[j] = limited(Rounding.nearest(inverseScale * scales[j]));
            minCodes[j] = limited(Rounding.nearest(inverseMin * mins[j]));
        }
        LittleEndian.putF16(into, at, highestScale / 63);
        LittleEndian.putF16(into, at + 2, highestMin / 63);
    }

    private void fitWeighted(
            float[] x, int from, float[] importance, int column, byte[] into, int at) {
        float sigma2 = 2 * Importance.sumOfSquares(x, from, VALUES) / VALUES;
        for (int j = 0; j < SUBS; j++) {
            int start = from + SUB * j;
            Importance.weights(x, start, SUB, sigma2, importance, column + SUB * j, weights);
            subWeights[j] = Importance.sum(weights, 0, SUB);
            scales[j] = weighted.search(x, start, SUB, weights, codes, SUB * j);
            mins[j] = weighted.min();
        }
        LittleEndian.putF16(into, at, superScale.search(scales, SUBS, subWeights, scaleCodes));
        LittleEndian.putF16(into, at + 2, superScale.search(mins, SUBS, subWeights, minCodes));
        if (limitCodes) {
            for (int j = 0; j < SUBS; j++) {
                scaleCodes[j] = limited(scaleCodes[j]);
                minCodes[j] = limited(minCodes[j]);
            }
        }
    }

    /** The low byte, unsigned, but at most 63. */
    private static int limited(int code) {
        return Math.min(63, code & 0xff);
    }

    /** Codes once more, with the scales as they are stored. */
    private void requantize(float[] x, int from, byte[] into, int at) {
        float d = LittleEndian.f16(into, at);
        float dmin = LittleEndian.f16(into, at + 2);
        for (int j = 0; j < SUBS; j++) {
            float scale = d * SixBitScales.scale(into, at + SCALES, j);
            if (scale == 0) continue; // the codes of the search stay
            float min = dmin * SixBitScales.min(into, at + SCALES, j);
            for (int i = SUB * j; i < SUB * (j + 1); i++) {
                codes[i] = (byte) Rounding.nearest((x[from + i] + min) / scale, 0, max);
            }
        }
    }
}
