package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q2_K: super-blocks of 256 in sixteen sub-blocks of 16, {@code x ≈ d·s · q - dmin·m}, 2.625 bits a
 * value.
 *
 * <pre>
 * byte  0…15   s, m   4 bits each: byte j holds, low nibble first, s and m of sub-block j
 *       16…79  q      2 bits each: byte 16 + 32h + l holds, lowest bits first,
 *                     values 128h + l, + 32 + l, + 64 + l, + 96 + l   (h = 0…1, l = 0…31)
 *       80…81  d      F16
 *       82…83  dmin   F16
 * </pre>
 */
public final class Q2_K implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 84;
    private static final int QUANTS = 16;
    private static final int D = 80;
    private static final int DMIN = 82;
    private static final int SUB = 16;
    private static final int SUBS = 16;

    private final QkxSearch plain = new QkxSearch(3, -0.5f, 0.1f, 15, true, false);
    private final QkxSearch weighted = QkxSearch.weighted(3);
    private final QpSearch superScale = new QpSearch(15);
    private final float[] weights = new float[SUB];
    private final float[] subWeights = new float[SUBS];
    private final float[] scales = new float[SUBS];
    private final float[] mins = new float[SUBS];
    private final int[] scaleCodes = new int[SUBS];
    private final int[] minCodes = new int[SUBS];
    private final byte[] codes = new byte[VALUES];

    @Override
    public void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        for (int i = 0; i < rows * columns; i += VALUES, at += BYTES) {
            if (importance == null) {
                fit(values, from + i, into, at);
            } else {
                fitWeighted(values, from + i, importance, i % columns, into, at);
            }
            for (int j = 0; j < SUBS; j++) {
                into[at + j] = (byte) (scaleCodes[j] | minCodes[j] << 4);
            }
            requantize(values, from + i, into, at);
            TwoBits.pack(codes, into, at + QUANTS);
        }
    }

    private void fit(float[] x, int from, byte[] into, int at) {
        float highestScale = 0;
        float highestMin = 0;
        for (int j = 0; j < SUBS; j++) {
            int start = from + SUB * j;
            for (int i = 0; i < SUB; i++) weights[i] = Math.abs(x[start + i]);
            scales[j] = plain.search(x, start, SUB, weights, codes, SUB * j);
            mins[j] = plain.min();
            if (scales[j] > highestScale) highestScale = scales[j];
            if (mins[j] > highestMin) highestMin = mins[j];
        }
        LittleEndian.putF16(into, at + D, quantizeScales(scales, highestScale, scaleCodes));
        LittleEndian.putF16(into, at + DMIN, quantizeScales(mins, highestMin, minCodes));
    }

    /** Codes 0 … 15, of which the highest scale gets 15; returns the scale of these scales. */
    private static float quantizeScales(float[] scales, float highest, int[] codes) {
        float inverse = highest > 0 ? 15 / highest : 0;
        for (int j = 0; j < SUBS; j++) {
            codes[j] = Rounding.nearest(inverse * scales[j]);
        }
        return highest > 0 ? highest / 15 : 0;
    }

    private void fitWeighted(
            float[] x, int from, float[] importance, int column, byte[] into, int at) {
        float sigma2 = Importance.sumOfSquares(x, from, VALUES) / VALUES;
        for (int j = 0; j < SUBS; j++) {
            int start = from + SUB * j;
            Importance.weights(x, start, SUB, sigma2, importance, column + SUB * j, weights);
            subWeights[j] = Importance.sum(weights, 0, SUB);
            scales[j] = weighted.search(x, start, SUB, weights, codes, SUB * j);
            mins[j] = weighted.min();
        }
        float d = superScale.search(scales, SUBS, subWeights, scaleCodes);
        LittleEndian.putF16(into, at + D, d);
        LittleEndian.putF16(into, at + DMIN, superScale.search(mins, SUBS, subWeights, minCodes));
    }

    /** Codes once more, with the scales as they are stored. */
    private void requantize(float[] x, int from, byte[] into, int at) {
        float d = LittleEndian.f16(into, at + D);
        float dmin = LittleEndian.f16(into, at + DMIN);
        for (int j = 0; j < SUBS; j++) {
            float scale = d * (into[at + j] & 15);
            if (scale == 0) continue; // the codes of the search stay
            float min = dmin * (into[at + j] >> 4 & 15);
            for (int i = SUB * j; i < SUB * (j + 1); i++) {
                codes[i] = (byte) Rounding.nearest((x[from + i] + min) / scale, 0, 3);
            }
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at + D);
            float dmin = LittleEndian.f16(blocks, at + DMIN);
            for (int j = 0; j < SUBS; j++) {
                float scale = d * (blocks[at + j] & 15);
                float min = dmin * (blocks[at + j] >> 4 & 15);
                int quants = at + QUANTS + TwoBits.start(j);
                int shift = TwoBits.shift(j);
                for (int k = 0; k < SUB; k++) {
                    int q = blocks[quants + k] >> shift & 3;
                    into[to + i + SUB * j + k] = scale * q - min;
                }
            }
        }
    }
}
