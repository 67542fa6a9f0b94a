package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Q5_K: super-blocks of 256 in eight sub-blocks of 32, {@code x ≈ d·s · q - dmin·m}, 5.5 bits a
 * value.
 *
 * <pre>
 * byte  0…1     d       F16
 *       2…3     dmin    F16
 *       4…15    s, m    6 bits each, as in {@link SixBitScales}
 *       16…47   q high  bit 2g of byte 16 + l belongs to value 64g + l,
 *                       bit 2g + 1 to value 64g + 32 + l   (g = 0…3, l = 0…31)
 *       48…175  q low   4 bits each: byte 48 + 32g + l holds, low nibble first,
 *                       values 64g + l and 64g + 32 + l
 * </pre>
 */
public final class Q5_K implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 176;
    private static final int HIGH = 16;
    private static final int LOW = 48;

    private final SixBitFit fit =
            new SixBitFit(31, new QkxSearch(31, -0.5f, 0.1f, 15, false, false), true);

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
            pack(fit.codes, into, at);
        }
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        for (int l = 0; l < 32; l++) {
            int high = 0;
            for (int j = 0; j < 8; j++) high |= codes[32 * j + l] >> 4 << j;
            into[at + HIGH + l] = (byte) high;
            for (int g = 0; g < 4; g++) {
                int low = (codes[64 * g + l] & 15) | codes[64 * g + 32 + l] << 4;
                into[at + LOW + 32 * g + l] = (byte) low;
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
                int low = at + LOW + 32 * (j / 2);
                int shift = 4 * (j % 2);
                for (int l = 0; l < 32; l++) {
                    int high = blocks[at + HIGH + l] >> j & 1;
                    int q = (blocks[low + l] >> shift & 15) | high << 4;
                    into[to + i + 32 * j + l] = scale * q - min;
                }
            }
        }
    }
}
