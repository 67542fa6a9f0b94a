package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q5_0: {@code x ≈ d · (q - 16)}, 5.5 bits a value.
 *
 * <pre>
 * byte  0…1   d       F16
 *       2…5   q high  bit j of 32 belongs to value j
 *       6…21  q low   4 bits each: byte 6 + j holds, low nibble first, values j and j + 16
 * </pre>
 */
public final class Q5_0 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 22;
    private static final int MAX = 16;

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
            byte code = (byte) Rounding.truncate(x[from + i] * inverse + 16.5f);
            codes[i] = (byte) Math.min(2 * MAX - 1, code);
        }
        return d;
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        int high = 0;
        for (int j = 0; j < VALUES; j++) high |= (codes[j] >> 4 & 1) << j;
        LittleEndian.putI32(into, at, high);
        for (int j = 0; j < 16; j++) {
            into[at + 4 + j] = (byte) ((codes[j] & 15) | codes[j + 16] << 4);
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            int high = LittleEndian.i32(blocks, at + 2);
            for (int j = 0; j < 16; j++) {
                int low = blocks[at + 6 + j];
                int a = (low & 15) | (high >> j & 1) << 4;
                int b = (low >> 4 & 15) | (high >> (j + 16) & 1) << 4;
                into[to + i + j] = (a - 16) * d;
                into[to + i + 16 + j] = (b - 16) * d;
            }
        }
    }
}
