package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Tiles of a matrix product: R rows of w by V vectors of tokens, whose sums stay in registers while
 * the depth goes by. Each step of the depth loads V vectors of x and broadcasts R weights; at the
 * end the sums are added to {@code out}.
 *
 * <p>All take a row of w from {@code w0} on ({@code wStride} apart), {@code depth} rows of x from
 * {@code xAt} on ({@code xStride} apart), and give to rows of out from {@code to} on ({@code
 * outStride} apart).
 *
 * <p>The tiles are written out, each for itself: sums stay in registers only as variables of one
 * method, not in an array of vectors nor across a call.
 */
final class RegisterTiles {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    static final int LANES = SPECIES.length();

    private RegisterTiles() {}

    static void tile6x4(
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

    static void tile1x4(
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

    static void tile8x2(
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

    static void tile4x2(
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

    static void tile8x1(
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

    static void tile1x1(
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
