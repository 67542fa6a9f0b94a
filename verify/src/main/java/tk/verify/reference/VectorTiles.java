package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.util.Arrays;

/**
 * Matrix products on vectors, tokens in the lanes.
 *
 * <p>A product is made of tiles of 6 rows by 4 vectors of tokens: 24 sums that stay in registers,
 * each step of the depth loading 4 vectors of x and broadcasting 6 weights. Fewer tokens than that
 * get tiles of 8 rows by 2 vectors or by one. Narrower machines have 16 registers and get 4 by 2.
 * The depth is cut into blocks so that the tokens' values of a tile stay near while the rows go by;
 * the sum of each block is added to the product, which also keeps rounding errors apart.
 *
 * <p>The tiles are written out, each for itself: sums stay in registers only as variables of one
 * method, not in an array of vectors nor across a call.
 */
final class VectorTiles {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
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
            tile6x4(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            tile1x4(w, row, depth, x, xAt, xStride, out, to);
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
            tile8x2(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r <= rows - 4; r += 4, row += 4 * wStride, to += 4 * outStride) {
            tile4x2(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            tile1x1(w, row, depth, x, xAt, xStride, out, to);
            tile1x1(w, row, depth, x, xAt + LANES, xStride, out, to + LANES);
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
            tile8x1(w, row, wStride, depth, x, xAt, xStride, out, to, outStride);
        }
        for (; r < rows; r++, row += wStride, to += outStride) {
            tile1x1(w, row, depth, x, xAt, xStride, out, to);
        }
    }

    private static void tile6x4(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        int w4 = w3 + wStride;
        int w5 = w4 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector b0 = a0;
        FloatVector c0 = a0;
        FloatVector d0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector c1 = a0;
        FloatVector d1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector c2 = a0;
        FloatVector d2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector c3 = a0;
        FloatVector d3 = a0;
        FloatVector a4 = a0;
        FloatVector b4 = a0;
        FloatVector c4 = a0;
        FloatVector d4 = a0;
        FloatVector a5 = a0;
        FloatVector b5 = a0;
        FloatVector c5 = a0;
        FloatVector d5 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            FloatVector xc = FloatVector.fromArray(SPECIES, x, xAt + 2 * LANES);
            FloatVector xd = FloatVector.fromArray(SPECIES, x, xAt + 3 * LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            c0 = xc.fma(s, c0);
            d0 = xd.fma(s, d0);
            s = FloatVector.broadcast(SPECIES, w[w1 + k]);
            a1 = xa.fma(s, a1);
            b1 = xb.fma(s, b1);
            c1 = xc.fma(s, c1);
            d1 = xd.fma(s, d1);
            s = FloatVector.broadcast(SPECIES, w[w2 + k]);
            a2 = xa.fma(s, a2);
            b2 = xb.fma(s, b2);
            c2 = xc.fma(s, c2);
            d2 = xd.fma(s, d2);
            s = FloatVector.broadcast(SPECIES, w[w3 + k]);
            a3 = xa.fma(s, a3);
            b3 = xb.fma(s, b3);
            c3 = xc.fma(s, c3);
            d3 = xd.fma(s, d3);
            s = FloatVector.broadcast(SPECIES, w[w4 + k]);
            a4 = xa.fma(s, a4);
            b4 = xb.fma(s, b4);
            c4 = xc.fma(s, c4);
            d4 = xd.fma(s, d4);
            s = FloatVector.broadcast(SPECIES, w[w5 + k]);
            a5 = xa.fma(s, a5);
            b5 = xb.fma(s, b5);
            c5 = xc.fma(s, c5);
            d5 = xd.fma(s, d5);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c0.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d0.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b1.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c1.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d1.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b2.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c2.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d2.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b3.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c3.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d3.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
        to += outStride;
        a4.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b4.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c4.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d4.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
        to += outStride;
        a5.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b5.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c5.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d5.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
    }

    private static void tile1x4(
            float[] w, int w0, int depth, float[] x, int xAt, int xStride, float[] out, int to) {
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector b0 = a0;
        FloatVector c0 = a0;
        FloatVector d0 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            FloatVector xc = FloatVector.fromArray(SPECIES, x, xAt + 2 * LANES);
            FloatVector xd = FloatVector.fromArray(SPECIES, x, xAt + 3 * LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            c0 = xc.fma(s, c0);
            d0 = xd.fma(s, d0);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        c0.add(FloatVector.fromArray(SPECIES, out, to + 2 * LANES)).intoArray(out, to + 2 * LANES);
        d0.add(FloatVector.fromArray(SPECIES, out, to + 3 * LANES)).intoArray(out, to + 3 * LANES);
    }

    private static void tile8x2(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        int w4 = w3 + wStride;
        int w5 = w4 + wStride;
        int w6 = w5 + wStride;
        int w7 = w6 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector b4 = a0;
        FloatVector b5 = a0;
        FloatVector b6 = a0;
        FloatVector b7 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            s = FloatVector.broadcast(SPECIES, w[w1 + k]);
            a1 = xa.fma(s, a1);
            b1 = xb.fma(s, b1);
            s = FloatVector.broadcast(SPECIES, w[w2 + k]);
            a2 = xa.fma(s, a2);
            b2 = xb.fma(s, b2);
            s = FloatVector.broadcast(SPECIES, w[w3 + k]);
            a3 = xa.fma(s, a3);
            b3 = xb.fma(s, b3);
            s = FloatVector.broadcast(SPECIES, w[w4 + k]);
            a4 = xa.fma(s, a4);
            b4 = xb.fma(s, b4);
            s = FloatVector.broadcast(SPECIES, w[w5 + k]);
            a5 = xa.fma(s, a5);
            b5 = xb.fma(s, b5);
            s = FloatVector.broadcast(SPECIES, w[w6 + k]);
            a6 = xa.fma(s, a6);
            b6 = xb.fma(s, b6);
            s = FloatVector.broadcast(SPECIES, w[w7 + k]);
            a7 = xa.fma(s, a7);
            b7 = xb.fma(s, b7);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b1.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b2.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b3.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a4.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b4.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a5.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b5.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a6.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b6.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a7.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b7.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
    }

    private static void tile4x2(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            s = FloatVector.broadcast(SPECIES, w[w1 + k]);
            a1 = xa.fma(s, a1);
            b1 = xb.fma(s, b1);
            s = FloatVector.broadcast(SPECIES, w[w2 + k]);
            a2 = xa.fma(s, a2);
            b2 = xb.fma(s, b2);
            s = FloatVector.broadcast(SPECIES, w[w3 + k]);
            a3 = xa.fma(s, a3);
            b3 = xb.fma(s, b3);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b1.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b2.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b3.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
    }

    private static void tile8x1(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        int w4 = w3 + wStride;
        int w5 = w4 + wStride;
        int w6 = w5 + wStride;
        int w7 = w6 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            xAt += xStride;
            a0 = xa.fma(FloatVector.broadcast(SPECIES, w[w0 + k]), a0);
            a1 = xa.fma(FloatVector.broadcast(SPECIES, w[w1 + k]), a1);
            a2 = xa.fma(FloatVector.broadcast(SPECIES, w[w2 + k]), a2);
            a3 = xa.fma(FloatVector.broadcast(SPECIES, w[w3 + k]), a3);
            a4 = xa.fma(FloatVector.broadcast(SPECIES, w[w4 + k]), a4);
            a5 = xa.fma(FloatVector.broadcast(SPECIES, w[w5 + k]), a5);
            a6 = xa.fma(FloatVector.broadcast(SPECIES, w[w6 + k]), a6);
            a7 = xa.fma(FloatVector.broadcast(SPECIES, w[w7 + k]), a7);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a4.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a5.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a6.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a7.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
    }

    private static void tile1x1(
            float[] w, int wAt, int depth, float[] x, int xAt, int xStride, float[] out, int to) {
        FloatVector a = FloatVector.zero(SPECIES);
        for (int k = 0; k < depth; k++) {
            a =
                    FloatVector.fromArray(SPECIES, x, xAt + k * xStride)
                            .fma(FloatVector.broadcast(SPECIES, w[wAt + k]), a);
        }
        a.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
    }
}
