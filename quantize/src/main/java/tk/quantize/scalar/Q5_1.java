package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q5_1: {@code x ≈ d · q + m}, 6 bits a value.
 *
 * <pre>
 * byte  0…1   d       F16
 *       2…3   m       F16
 *       4…7   q high  bit j of 32 belongs to value j
 *       8…23  q low   4 bits each: byte 8 + j holds, low nibble first, values j and j + 16
 * </pre>
 */
public final class Q5_1 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 24;
    private static final int MAX = 31;

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
            codes[i] = code;
        }
        LittleEndian.putF16(into, at, d);
        LittleEndian.putF16(into, at + 2, low);
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
            float m = LittleEndian.f16(blocks, at + 2);
            int high = LittleEndian.i32(blocks, at + 4);
            for (int j = 0; j < 16; j++) {
                int low = blocks[at + 8 + j];
                int a = (low & 15) | (high >> j & 1) << 4;
                int b = (low >> 4 & 15) | (high >> (j + 16) & 1) << 4;
                into[to + i + j] = a * d + m;
                into[to + i + 16 + j] = b * d + m;
            }
        }
    }
}
