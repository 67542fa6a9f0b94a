package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Q3_K: super-blocks of 256 in sixteen sub-blocks of 16, {@code x ≈ d·(s - 32) · (c - 4)}, 3.4375
 * bits a value.
 *
 * <pre>
 * byte  0…31     c high  bit i / 32 of byte i % 32 belongs to value i
 *       32…95    c low   2 bits each, as in {@link TwoBits}
 *       96…103   s low   4 bits each: byte 96 + j holds, low nibble first, sub-blocks j and j + 8
 *       104…107  s high  2 bits each: sub-block j at bit 2 · (j / 4) of byte 104 + j % 4
 *       108…109  d       F16
 * </pre>
 */
public final class Q3_K implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 110;
    private static final int QUANTS = 32;
    private static final int SCALES = 96;
    private static final int D = 108;
    private static final int SUB = 16;
    private static final int SUBS = 16;

    private final Q3Search plain = new Q3Search(4);
    private final QxSearch weighted = new QxSearch(4);
    private final QxSearch superScale = new QxSearch(32);
    private final float[] weights = new float[SUB];
    private final float[] subWeights = new float[SUBS];
    private final float[] scales = new float[SUBS];
    private final byte[] scaleCodes = new byte[SUBS];
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
            requantize(values, from + i, into, at);
            packHigh(codes, into, at);
            TwoBits.pack(codes, into, at + QUANTS);
        }
    }

    private void fit(float[] x, int from, byte[] into, int at) {
        float largest = 0;
        float magnitude = 0;
        for (int j = 0; j < SUBS; j++) {
            scales[j] = plain.search(x, from + SUB * j, SUB, codes, SUB * j);
            if (Math.abs(scales[j]) > magnitude) {
                magnitude = Math.abs(scales[j]);
                largest = scales[j];
            }
        }
        if (largest == 0) {
            Arrays.fill(into, at + SCALES, at + BYTES, (byte) 0);
            return;
        }
        float inverse = -32 / largest;
        for (int j = 0; j < SUBS; j++) {
            byte code = (byte) Rounding.nearest(inverse * scales[j]);
            scaleCodes[j] = (byte) (32 + Math.max(-32, Math.min(31, code)));
        }
        packScales(scaleCodes, into, at + SCALES);
        LittleEndian.putF16(into, at + D, 1 / inverse);
    }

    private void fitWeighted(
            float[] x, int from, float[] importance, int column, byte[] into, int at) {
        float sigma2 = 2 * Importance.sumOfSquares(x, from, VALUES) / VALUES;
        for (int j = 0; j < SUBS; j++) {
            int i = SUB * j;
            Importance.weights(x, from + i, SUB, sigma2, importance, column + i, weights);
            subWeights[j] = Importance.sum(weights, 0, SUB);
            scales[j] = weighted.search(x, from + i, SUB, weights, 0, codes, i);
        }
        float d = superScale.search(scales, 0, SUBS, subWeights, 0, scaleCodes, 0);
        packScales(scaleCodes, into, at + SCALES);
        LittleEndian.putF16(into, at + D, d);
    }

    /** Codes once more, with the scales as they are stored. */
    private void requantize(float[] x, int from, byte[] into, int at) {
        float d = LittleEndian.f16(into, at + D);
        for (int j = 0; j < SUBS; j++) {
            float scale = d * (scale(into, at + SCALES, j) - 32);
            if (scale == 0) continue; // the codes of the search stay
            for (int i = SUB * j; i < SUB * (j + 1); i++) {
                codes[i] = (byte) (4 + Rounding.nearest(x[from + i] / scale, -4, 3));
            }
        }
    }

    private static void packHigh(byte[] codes, byte[] into, int at) {
        for (int l = 0; l < 32; l++) {
            int high = 0;
            for (int j = 0; j < 8; j++) high |= codes[32 * j + l] >> 2 << j;
            into[at + l] = (byte) high;
        }
    }

    /** Packs the sixteen scales, six bits each. */
    public static void packScales(byte[] scales, byte[] into, int at) {
        for (int j = 0; j < 8; j++) {
            into[at + j] = (byte) ((scales[j] & 15) | (scales[j + 8] & 15) << 4);
        }
        for (int j = 0; j < 4; j++) {
            into[at + 8 + j] =
                    (byte)
                            (scales[j] >> 4
                                    | scales[j + 4] >> 4 << 2
                                    | scales[j + 8] >> 4 << 4
                                    | scales[j + 12] >> 4 << 6);
        }
    }

    /** Scale {@code j}, 0 … 63. */
    public static int scale(byte[] packed, int at, int j) {
        int low = packed[at + j % 8] >> (4 * (j / 8)) & 15;
        int high = packed[at + 8 + j % 4] >> (2 * (j / 4)) & 3;
        return low | high << 4;
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at + D);
            for (int j = 0; j < SUBS; j++) {
                float scale = d * (scale(blocks, at + SCALES, j) - 32);
                int quants = at + QUANTS + TwoBits.start(j);
                int shift = TwoBits.shift(j);
                int high = at + 16 * (j % 2);
                for (int k = 0; k < SUB; k++) {
                    int c =
                            (blocks[quants + k] >> shift & 3)
                                    | (blocks[high + k] >> (j / 2) & 1) << 2;
                    into[to + i + SUB * j + k] = scale * (c - 4);
                }
            }
        }
    }
}
