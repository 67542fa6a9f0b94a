package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

import java.util.Arrays;

/**
 * Matrix products on vectors, tokens in the lanes.
 *
 * <p>A product is made of tiles of 8 rows by 2 vectors of tokens: 16 sums that stay in registers,
 * each step of the depth loading 2 vectors of x and broadcasting 8 weights. Narrower machines have
 * 16 registers and get 4 by 2. The depth is cut into blocks so that the tokens' values of a tile
 * stay in the first-level cache while the rows go by; the sum of each block is added to the
 * product, which also keeps rounding errors apart.
 *
 * <p>The tiles are written out, each for itself: sums stay in registers only as variables of one
 * method, not in an array of vectors nor across a call.
 */
final class VectorTiles {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int PAIR = 2 * LANES;
    private static final boolean WIDE = LANES >= 16;
    private static final int TILE_ROWS = WIDE ? 8 : 4;

    /**
     * Steps of the depth that are taken together: 2 vectors of 16 lanes a step are the 32 KiB of a
     * first-level cache. Measured with 128 to 560 tokens: 89 to 95 GFLOP/s of the 115 that a core
     * has, whatever the stride of x; 512 steps gave 67 to 102.
     */
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
        int wholeRows = rows / TILE_ROWS * TILE_ROWS;
        int paired = columns / PAIR * PAIR;
        for (int k = 0; k < depth; k += DEPTH) {
            int count = Math.min(DEPTH, depth - k);
            for (int c = 0; c < columns; c += PAIR) {
                int from = xAt + k * xStride + c;
                boolean pair = c < paired;
                int r = 0;
                for (; r < wholeRows; r += TILE_ROWS) {
                    int row = wAt + r * wStride + k;
                    int to = outAt + r * outStride + c;
                    if (!pair) {
                        tile8x1(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    } else if (WIDE) {
                        tile8x2(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    } else {
                        tile4x2(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    }
                }
                for (; r < rows; r++) {
                    int row = wAt + r * wStride + k;
                    int to = outAt + r * outStride + c;
                    tile1x1(w, row, count, x, from, xStride, out, to);
                    if (pair) tile1x1(w, row, count, x, from + LANES, xStride, out, to + LANES);
                }
            }
        }
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
