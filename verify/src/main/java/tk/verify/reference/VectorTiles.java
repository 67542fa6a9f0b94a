package tk.verify.reference;

import java.util.Arrays;

/**
 * Matrix products on vectors, tokens in the lanes.
 *
 * <p>A product is made of the tiles of {@link RegisterTiles}: 6 rows by 4 vectors of tokens, or 8
 * by 2 and 8 by 1 for fewer tokens; narrower machines have 16 registers and get 4 by 2. The depth
 * is cut into blocks so that the tokens' values of a tile stay near while the rows go by; the sum
 * of each block is added to the product, which also keeps rounding errors apart.
 */
final class VectorTiles {
    private static final int LANES = RegisterTiles.LANES;
    private static final int PAIR = 2 * LANES;
    private static final int QUAD = 4 * LANES;
    private static final boolean WIDE = LANES >= 16;

    /** Steps of the depth that are taken together: 64 KiB of x for the widest tile. */
    private static final int DEPTH = 256;

    private VectorTiles() {}

    /** As {@link Kernels#multiply}, {@code columns} a multiple of the lanes. */
    static void multiply(
            float[] w,
            int wAt,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            int columns,
            float[] out,
            int outAt,
            int outStride) {
        for (int r = 0; r < rows; r++) {
            int to = outAt + r * outStride;
            Arrays.fill(out, to, to + columns, 0);
        }
        for (int k = 0; k < depth; k += DEPTH) {
            int count = Math.min(DEPTH, depth - k);
            int row = wAt + k;
            int from = xAt + k * xStride;
            int c = 0;
            for (; WIDE && c <= columns - QUAD; c += QUAD) {
                quads(
                        w, row, wStride, rows, count, x, from + c, xStride, out, outAt + c,
                        outStride);
            }
            for (; c <= columns - PAIR; c += PAIR) {
                pairs(
                        w, row, wStride, rows, count, x, from + c, xStride, out, outAt + c,
                        outStride);
            }
            if (c < columns) {
                singles(
                        w, row, wStride, rows, count, x, from + c, xStride, out, outAt + c,
                        outStride);
            }
        }
    }

    private static void quads(
            float[] w,
            int row,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int r = 0;
        for (; r <= rows - 6; r += 6, row += 6 * wStride, to += 6 * outStride) {
            RegisterTiles.tile6x4(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            RegisterTiles.tile1x4(w, row, depth, x, xAt, xStride, out, to);
        }
    }

    private static void pairs(
            float[] w,
            int row,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int r = 0;
        for (; WIDE && r <= rows - 8; r += 8, row += 8 * wStride, to += 8 * outStride) {
            RegisterTiles.tile8x2(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r <= rows - 4; r += 4, row += 4 * wStride, to += 4 * outStride) {
            RegisterTiles.tile4x2(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            RegisterTiles.tile1x1(w, row, depth, x, xAt, xStride, out, to);
            RegisterTiles.tile1x1(w, row, depth, x, xAt + LANES, xStride, out, to + LANES);
        }
    }

    private static void singles(
            float[] w,
            int row,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int r = 0;
        for (; r <= rows - 8; r += 8, row += 8 * wStride, to += 8 * outStride) {
            RegisterTiles.tile8x1(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            RegisterTiles.tile1x1(w, row, depth, x, xAt, xStride, out, to);
        }
    }
}
