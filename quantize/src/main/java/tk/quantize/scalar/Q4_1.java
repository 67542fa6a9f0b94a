package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q4_1: {@code x ≈ d · q + m}, 5 bits a value.
 *
 * <pre>
 * byte  0…1   d   F16
 *       2…3   m   F16
 *       4…19  q   4 bits each: byte 4 + j holds, low nibble first, values j and j + 16
 * </pre>
 */
public final class Q4_1 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 20;
    private static final int MAX = 15;

    private final QkxSearch search = QkxSearch.weighted(MAX);
    private final float[] weights = new float[VALUES];
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
        for (int row = 0; row < rows; row++, from += columns) {
            float sigma2 = importance == null ? 0 : Importance.meanSquare(values, from, columns);
            for (int i = 0; i < columns; i += VALUES, at += BYTES) {
                if (importance == null) {
                    fit(values, from + i, into, at);
                } else {
                    Importance.weights(values, from + i, VALUES, sigma2, importance, i, weights);
                    float d = search.search(values, from + i, VALUES, weights, codes, 0);
                    LittleEndian.putF16(into, at, d);
                    LittleEndian.putF16(into, at + 2, -search.min());
                }
                pack(codes, into, at + 4);
            }
        }
    }

    /** The scale and minimum that span the values. */
    private void fit(float[] x, int from, byte[] into, int at) {
        float low = Float.MAX_VALUE;
        float high = -Float.MAX_VALUE;
        for (int i = from; i < from + VALUES; i++) {
            if (x[i] < low) low = x[i];
            if (x[i] > high) high = x[i];
        }
        float d = (high - low) / MAX;
        float inverse = d != 0 ? 1 / d : 0;
        for (int i = 0; i < VALUES; i++) {
            byte code = (byte) Rounding.truncate((x[from + i] - low) * inverse + 0.5f);
            codes[i] = (byte) Math.min(MAX, code);
        }
        LittleEndian.putF16(into, at, d);
        LittleEndian.putF16(into, at + 2, low);
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        for (int j = 0; j < 16; j++) into[at + j] = (byte) (codes[j] | codes[j + 16] << 4);
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            float m = LittleEndian.f16(blocks, at + 2);
            for (int j = 0; j < 16; j++) {
                int q = blocks[at + 4 + j];
                into[to + i + j] = (q & 15) * d + m;
                into[to + i + 16 + j] = (q >> 4 & 15) * d + m;
            }
        }
    }
}
