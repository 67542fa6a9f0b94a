package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.Iq4Search;
import tk.quantize.scalar.QxSearch;
import tk.quantize.scalar.Rounding;

/**
 * {@link Iq4Search} for a panel of blocks at once. Always with weights: x² must be spelled out.
 *
 * <p>The nearest entry of the code book changes half-way between two entries: a binary search with
 * four comparisons, each against one of 1, 2, 4 and 8 such bounds, chosen by those before.
 */
final class Iq4Lanes {
    private static final int N = Iq4Search.VALUES;
    private static final int FIRST = Iq4Search.decode(0);
    private static final int TRIES = 7;

    /** The scale found for each block. */
    final float[] scale = new float[Math.max(BatchKernel.VALUES / N, WIDTH)];

    private final float[] extreme = new float[WIDTH];
    private final float[] best = new float[WIDTH];

    /** Where code {@code k + 1} begins: half-way, itself included. */
    private static float bound(int k) {
        return (Iq4Search.decode(k) + Iq4Search.decode(k + 1)) * 0.5f;
    }

    private static final float T0 = bound(0);
    private static final float T1 = bound(1);
    private static final float T2 = bound(2);
    private static final float T3 = bound(3);
    private static final float T4 = bound(4);
    private static final float T5 = bound(5);
    private static final float T6 = bound(6);
    private static final float T7 = bound(7);
    private static final float T8 = bound(8);
    private static final float T9 = bound(9);
    private static final float T10 = bound(10);
    private static final float T11 = bound(11);
    private static final float T12 = bound(12);
    private static final float T13 = bound(13);
    private static final float T14 = bound(14);
    private static final float K0 = Iq4Search.decode(0);
    private static final float K1 = Iq4Search.decode(1);
    private static final float K2 = Iq4Search.decode(2);
    private static final float K3 = Iq4Search.decode(3);
    private static final float K4 = Iq4Search.decode(4);
    private static final float K5 = Iq4Search.decode(5);
    private static final float K6 = Iq4Search.decode(6);
    private static final float K7 = Iq4Search.decode(7);
    private static final float K8 = Iq4Search.decode(8);
    private static final float K9 = Iq4Search.decode(9);
    private static final float K10 = Iq4Search.decode(10);
    private static final float K11 = Iq4Search.decode(11);
    private static final float K12 = Iq4Search.decode(12);
    private static final float K13 = Iq4Search.decode(13);
    private static final float K14 = Iq4Search.decode(14);
    private static final float K15 = Iq4Search.decode(15);

    /**
     * Searches a panel.
     *
     * @param at where it begins in {@code x} and in {@code w}
     * @param sub of its first block: where its results go
     */
    void search(float[] x, float[] w, int at, int sub) {
        for (int v = 0; v < WIDTH; v += COUNT) {
            extremes(x, at + v, v);
            guess(x, w, at + v, sub + v, v, 0, true);
            for (int step = -TRIES; step <= TRIES; step++) {
                guess(x, w, at + v, sub + v, v, step, false);
            }
            settle(sub + v, v);
        }
    }

    /** The value of largest magnitude, the first of these, with its sign. */
    private void extremes(float[] xs, int at, int v) {
        FloatVector most = FloatVector.zero(FLOATS);
        FloatVector sign = FloatVector.zero(FLOATS);
        for (int l = at; l < at + N * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector abs = x.abs();
            VectorMask<Float> more = most.lt(abs);
            most = most.blend(abs, more);
            sign = sign.blend(x, more);
        }
        sign.intoArray(extreme, v);
    }

    /** A guess that sends the extreme to the code book's first entry, or {@code step} beside it. */
    private void guess(float[] xs, float[] ws, int at, int sub, int v, int step, boolean first) {
        FloatVector e = FloatVector.fromArray(FLOATS, extreme, v);
        FloatVector inverse =
                first
                        ? FloatVector.broadcast(FLOATS, 1).div(e.neg().div(FIRST))
                        : FloatVector.broadcast(FLOATS, step + FIRST).div(e);
        FloatVector sumQx = FloatVector.zero(FLOATS);
        FloatVector sumQ2 = FloatVector.zero(FLOATS);
        for (int l = at; l < at + N * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, l);
            FloatVector value = x.mul(inverse);
            // Each mask says whether the value is in the lower half of what is left.
            VectorMask<Float> a = value.lt(T7);
            VectorMask<Float> b = value.lt(FloatVector.broadcast(FLOATS, T11).blend(T3, a));
            FloatVector t1 = FloatVector.broadcast(FLOATS, T9).blend(T1, a);
            FloatVector t5 = FloatVector.broadcast(FLOATS, T13).blend(T5, a);
            VectorMask<Float> c = value.lt(t5.blend(t1, b));
            FloatVector t0 = FloatVector.broadcast(FLOATS, T8).blend(T0, a);
            FloatVector t2 = FloatVector.broadcast(FLOATS, T10).blend(T2, a);
            FloatVector t4 = FloatVector.broadcast(FLOATS, T12).blend(T4, a);
            FloatVector t6 = FloatVector.broadcast(FLOATS, T14).blend(T6, a);
            VectorMask<Float> d = value.lt(t6.blend(t2, b).blend(t4.blend(t0, b), c));
            FloatVector k0 = FloatVector.broadcast(FLOATS, K8).blend(K0, a);
            FloatVector k1 = FloatVector.broadcast(FLOATS, K9).blend(K1, a);
            FloatVector k2 = FloatVector.broadcast(FLOATS, K10).blend(K2, a);
            FloatVector k3 = FloatVector.broadcast(FLOATS, K11).blend(K3, a);
            FloatVector k4 = FloatVector.broadcast(FLOATS, K12).blend(K4, a);
            FloatVector k5 = FloatVector.broadcast(FLOATS, K13).blend(K5, a);
            FloatVector k6 = FloatVector.broadcast(FLOATS, K14).blend(K6, a);
            FloatVector k7 = FloatVector.broadcast(FLOATS, K15).blend(K7, a);
            FloatVector even = k6.blend(k2, b).blend(k4.blend(k0, b), c);
            FloatVector odd = k7.blend(k3, b).blend(k5.blend(k1, b), c);
            FloatVector q = odd.blend(even, d);
            FloatVector wq = w.mul(q);
            sumQx = sumQx.add(wq.mul(x));
            sumQ2 = sumQ2.add(wq.mul(q));
        }
        FloatVector bestSoFar = FloatVector.fromArray(FLOATS, best, v);
        VectorMask<Float> better = sumQ2.compare(VectorOperators.GT, 0f);
        FloatVector sc = sumQx.div(sumQ2);
        if (first) {
            sc = FloatVector.zero(FLOATS).blend(sc, better);
            sc.intoArray(scale, sub);
            sc.mul(sumQx).intoArray(best, v);
            return;
        }
        better = better.and(bestSoFar.mul(sumQ2).lt(sumQx.mul(sumQx)));
        FloatVector.fromArray(FLOATS, scale, sub).blend(sc, better).intoArray(scale, sub);
        bestSoFar.blend(sc.mul(sumQx), better).intoArray(best, v);
    }

    /** A block without any value worth the name has scale 0. */
    private void settle(int sub, int v) {
        VectorMask<Float> zero =
                FloatVector.fromArray(FLOATS, extreme, v).abs().lt(QxSearch.EPSILON);
        FloatVector.fromArray(FLOATS, scale, sub).blend(0f, zero).intoArray(scale, sub);
    }

    /** Codes of {@code inverse · x} for a block. */
    static void encode(float[] xs, int from, float inverse, byte[] codes, int to) {
        for (int l = 0; l < N; l += COUNT) {
            FloatVector value = FloatVector.fromArray(FLOATS, xs, from + l).mul(inverse);
            // Each mask says whether the value is in the lower half of what is left.
            VectorMask<Float> a = value.lt(T7);
            VectorMask<Float> b = value.lt(FloatVector.broadcast(FLOATS, T11).blend(T3, a));
            FloatVector t1 = FloatVector.broadcast(FLOATS, T9).blend(T1, a);
            FloatVector t5 = FloatVector.broadcast(FLOATS, T13).blend(T5, a);
            VectorMask<Float> c = value.lt(t5.blend(t1, b));
            FloatVector t0 = FloatVector.broadcast(FLOATS, T8).blend(T0, a);
            FloatVector t2 = FloatVector.broadcast(FLOATS, T10).blend(T2, a);
            FloatVector t4 = FloatVector.broadcast(FLOATS, T12).blend(T4, a);
            FloatVector t6 = FloatVector.broadcast(FLOATS, T14).blend(T6, a);
            VectorMask<Float> d = value.lt(t6.blend(t2, b).blend(t4.blend(t0, b), c));
            FloatVector code = FloatVector.broadcast(FLOATS, 15);
            code.sub(FloatVector.zero(FLOATS).blend(8, a))
                    .sub(FloatVector.zero(FLOATS).blend(4, b))
                    .sub(FloatVector.zero(FLOATS).blend(2, c))
                    .sub(FloatVector.zero(FLOATS).blend(1, d))
                    .add(Rounding.MAGIC)
                    .reinterpretAsInts()
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(codes, to + l);
        }
    }
}
