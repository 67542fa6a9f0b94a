package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q4_0: {@code x ≈ d · (q - 8)}, 4.5 bits a value.
 *
 * <pre>
 * byte  0…1   d   F16
 *       2…17  q   4 bits each: byte 2 + j holds, low nibble first, values j and j + 16
 * </pre>
 */
public final class Q4_0 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 18;
    private static final int MAX = 8;

    private final QxSearch search = new QxSearch(MAX);
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
                float d;
                if (importance == null) {
                    d = fit(values, from + i);
                } else {
                    Importance.weights(values, from + i, VALUES, sigma2, importance, i, weights);
                    d = search.search(values, from + i, VALUES, weights, 0, codes, 0);
                }
                LittleEndian.putF16(into, at, d);
                pack(codes, into, at + 2);
            }
        }
    }

    /** The scale that sends the value of largest magnitude to code 0. */
    private float fit(float[] x, int from) {
        float extreme = 0;
        float magnitude = 0;
        for (int i = from; i < from + VALUES; i++) {
            float ax = Math.abs(x[i]);
            if (ax > magnitude) {
                magnitude = ax;
                extreme = x[i];
            }
        }
        float d = extreme / -MAX;
        float inverse = d != 0 ? 1 / d : 0;
        for (int i = 0; i < VALUES; i++) {
            byte code = (byte) Rounding.truncate(x[from + i] * inverse + 8.5f);
            codes[i] = (byte) Math.min(2 * MAX - 1, code);
        }
        return d;
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        for (int j = 0; j < 16; j++) into[at + j] = (byte) (codes[j] | codes[j + 16] << 4);
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            for (int j = 0; j < 16; j++) {
                int q = blocks[at + 2 + j];
                into[to + i + j] = ((q & 15) - 8) * d;
                into[to + i + 16 + j] = ((q >> 4 & 15) - 8) * d;
            }
        }
    }
}
