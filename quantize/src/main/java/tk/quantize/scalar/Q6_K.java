package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Q6_K: super-blocks of 256 in sixteen sub-blocks of 16, {@code x ≈ d·s · (c - 32)}, 6.5625 bits a
 * value.
 *
 * <pre>
 * for each half h of 128 values (l = 0…31):
 * byte  64h + l            c low   4 bits of values 128h + l      and 128h + 64 + l
 *       64h + 32 + l       c low   4 bits of values 128h + 32 + l and 128h + 96 + l
 *       128 + 32h + l      c high  2 bits of values 128h + l, + 32 + l, + 64 + l, + 96 + l
 * byte  192…207            s       16 signed bytes
 *       208…209            d       F16
 * </pre>
 *
 * The lower bits of a byte belong to the value named first.
 */
public final class Q6_K implements BlockKernel {
    private static final int VALUES = 256;
    private static final int BYTES = 210;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;
    private static final int SUB = 16;
    private static final int SUBS = 16;

    private final QxSearch search = new QxSearch(32);
    private final byte[] codes = new byte[VALUES];
    private final float[] scales = new float[SUBS];

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
        float largest = 0;
        float magnitude = 0;
        for (int j = 0; j < SUBS; j++) {
            int i = SUB * j;
            scales[j] = search.search(x, from + i, SUB, importance, column + i, codes, i);
            if (Math.abs(scales[j]) > magnitude) {
                magnitude = Math.abs(scales[j]);
                largest = scales[j];
            }
        }
        if (magnitude < QxSearch.EPSILON) {
            Arrays.fill(into, at, at + BYTES, (byte) 0);
            return;
        }
        float inverse = -128 / largest;
        float d = LittleEndian.putF16(into, at + D, 1 / inverse);
        for (int j = 0; j < SUBS; j++) {
            int code = Math.min(127, Rounding.nearest(inverse * scales[j]));
            into[at + SCALES + j] = (byte) code;
            float scale = d * (byte) code;
            if (scale == 0) continue; // the codes of the search stay
            for (int i = SUB * j; i < SUB * (j + 1); i++) {
                codes[i] = (byte) (32 + Rounding.nearest(x[from + i] / scale, -32, 31));
            }
        }
        pack(codes, into, at);
    }

    private static void pack(byte[] codes, byte[] into, int at) {
        for (int h = 0; h < 2; h++) {
            for (int l = 0; l < 32; l++) {
                int a = codes[128 * h + l];
                int b = codes[128 * h + 32 + l];
                int c = codes[128 * h + 64 + l];
                int d = codes[128 * h + 96 + l];
                into[at + 64 * h + l] = (byte) ((a & 15) | c << 4);
                into[at + 64 * h + 32 + l] = (byte) ((b & 15) | d << 4);
                into[at + HIGH + 32 * h + l] =
                        (byte) (a >> 4 | b >> 4 << 2 | c >> 4 << 4 | d >> 4 << 6);
            }
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES, at += BYTES) {
            float d = LittleEndian.f16(blocks, at + D);
            for (int j = 0; j < SUBS; j++) {
                float scale = d * blocks[at + SCALES + j];
                // Sub-block j is half of quarter j / 2 % 4 of half j / 8.
                int quarter = j / 2 % 4;
                int l = SUB * (j % 2);
                int low = at + 64 * (j / 8) + 32 * (quarter % 2) + l;
                int high = at + HIGH + 32 * (j / 8) + l;
                for (int k = 0; k < SUB; k++) {
                    int c =
                            ((blocks[low + k] >> (4 * (quarter / 2))) & 15)
                                    | ((blocks[high + k] >> (2 * quarter)) & 3) << 4;
                    into[to + i + SUB * j + k] = scale * (c - 32);
                }
            }
        }
    }
}
