package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * IQ4_XS: super-blocks of 256 in eight sub-blocks of 32, {@code x ≈ d·(s - 32) · K[q]} with the
 * code book K of {@link Iq4Search}, 4.25 bits a value.
 *
 * <pre>
 * byte  0…1    d       F16
 *       2…3    s high  2 bits each, sub-block j at bit 2j of 16
 *       4…7    s low   4 bits each: byte 4 + k holds, low nibble first, sub-blocks 2k and 2k + 1
 *       8…135  q       4 bits each: byte 8 + 16j + k holds, low nibble first,
 *                      values k and k + 16 of sub-block j
 * </pre>
 */
public final class IQ4_XS implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 136;
    private static final int SUB = 32;
    private static final int SUBS = 8;

    private final Iq4Search search = new Iq4Search();
    private final float[] weights = new float[SUB];
    private final float[] scales = new float[SUBS];
    private final byte[] codes = new byte[SUB];

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
            quantizeBlock(values, from + i, importance, i % columns, into, at);
        }
    }

    private void quantizeBlock(
            float[] x, int from, float @Nullable [] importance, int column, byte[] into, int at) {
        float sigma2 =
                importance == null ? 0 : Importance.sumOfSquares(x, from, VALUES) * (2f / VALUES);
        float largest = 0;
        float magnitude = 0;
        for (int j = 0; j < SUBS; j++) {
            int start = from + SUB * j;
            if (importance == null) {
                scales[j] = search.search(x, start, null);
            } else {
                Importance.weights(x, start, SUB, sigma2, importance, column + SUB * j, weights);
                scales[j] = search.search(x, start, weights);
            }
            if (Math.abs(scales[j]) > magnitude) {
                magnitude = Math.abs(scales[j]);
                largest = scales[j];
            }
        }
        float d = -largest / 32;
        LittleEndian.putF16(into, at, d);
        // From here on the F32 d, although only its F16 is stored.
        float inverse = d != 0 ? 1 / d : 0;
        int high = 0;
        for (int j = 0; j < SUBS; j++) {
            int s = Rounding.nearest(inverse * scales[j], -32, 31);
            float scale = d * s;
            float inverseScale = scale != 0 ? 1 / scale : 0;
            for (int i = 0; i < SUB; i++) {
                codes[i] = (byte) Iq4Search.nearest(inverseScale * x[from + SUB * j + i]);
            }
            Iq4Search.pack(codes, 0, into, at + 8 + 16 * j);
            high |= (s + 32) >> 4 << (2 * j);
            int low = (s + 32) & 15;
            into[at + 4 + j / 2] = (byte) (j % 2 == 0 ? low : into[at + 4 + j / 2] | low << 4);
        }
        LittleEndian.putU16(into, at + 2, high);
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            int high = LittleEndian.u16(blocks, at + 2);
            for (int j = 0; j < SUBS; j++) {
                int low = blocks[at + 4 + j / 2] >> (4 * (j % 2)) & 15;
                float scale = d * ((low | (high >> (2 * j) & 3) << 4) - 32);
                int quants = at + 8 + 16 * j;
                int start = to + i + SUB * j;
                for (int k = 0; k < 16; k++) {
                    int q = blocks[quants + k];
                    into[start + k] = scale * Iq4Search.decode(q & 15);
                    into[start + 16 + k] = scale * Iq4Search.decode(q >> 4 & 15);
                }
            }
        }
    }
}
