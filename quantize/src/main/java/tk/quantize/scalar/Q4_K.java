package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q4_K: super-blocks of 256 in eight sub-blocks of 32, {@code x ≈ d·s · q - dmin·m}, 4.5 bits a
 * value.
 *
 * <pre>
 * byte  0…1     d      F16
 *       2…3     dmin   F16
 *       4…15    s, m   6 bits each, as in {@link SixBitScales}
 *       16…143  q      4 bits each: byte 16 + 32g + l holds, low nibble first,
 *                      values 64g + l and 64g + 32 + l   (g = 0…3, l = 0…31)
 * </pre>
 */
public final class Q4_K implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 144;
    private static final int QUANTS = 16;

    private final SixBitFit fit =
            new SixBitFit(15, new QkxSearch(15, -1, 0.1f, 20, false, false), false);

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
            fit.fit(values, from + i, importance, i % columns, into, at);
            pack(fit.codes, into, at + QUANTS);
        }
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        for (int g = 0; g < 4; g++) {
            for (int l = 0; l < 32; l++) {
                into[at + 32 * g + l] = (byte) (codes[64 * g + l] | codes[64 * g + 32 + l] << 4);
            }
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at);
            float dmin = LittleEndian.f16(blocks, at + 2);
            for (int j = 0; j < 8; j++) {
                float scale = d * SixBitScales.scale(blocks, at + 4, j);
                float min = dmin * SixBitScales.min(blocks, at + 4, j);
                int quants = at + QUANTS + 32 * (j / 2);
                int shift = 4 * (j % 2);
                for (int l = 0; l < 32; l++) {
                    int q = blocks[quants + l] >> shift & 15;
                    into[to + i + 32 * j + l] = scale * q - min;
                }
            }
        }
    }
}
