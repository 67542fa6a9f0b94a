package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * IQ4_NL: {@code x ≈ d · K[q]} with the code book K of {@link Iq4Search}, 4.5 bits a value.
 *
 * <pre>
 * byte  0…1   d   F16
 *       2…17  q   4 bits each: byte 2 + j holds, low nibble first, values j and j + 16
 * </pre>
 */
public final class IQ4_NL implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 18;

    private final Iq4Search search = new Iq4Search();
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
        for (int i = 0; i < rows * columns; i += VALUES, at += BYTES) {
            int start = from + i;
            if (importance != null) {
                float sigma2 = Importance.sumOfSquares(values, start, VALUES) * (2f / VALUES);
                Importance.weights(values, start, VALUES, sigma2, importance, i % columns, weights);
            }
            float d = search.search(values, start, importance == null ? null : weights);
            float inverse = d != 0 ? 1 / d : 0;
            for (int j = 0; j < VALUES; j++) {
                codes[j] = (byte) Iq4Search.nearest(inverse * values[start + j]);
            }
            LittleEndian.putF16(into, at, d);
            Iq4Search.pack(codes, 0, into, at + 2);
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            for (int j = 0; j < 16; j++) {
                int q = blocks[at + 2 + j];
                into[to + i + j] = d * Iq4Search.decode(q & 15);
                into[to + i + 16 + j] = d * Iq4Search.decode(q >> 4 & 15);
            }
        }
    }
}
