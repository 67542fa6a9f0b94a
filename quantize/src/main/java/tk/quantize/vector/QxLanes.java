package tk.quantize.vector;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.MAGIC_BITS;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.QxSearch;

/**
 * {@link QxSearch} for a panel of sub-blocks at once. Always with weights: x² must be spelled out.
 *
 * <p>No product here is larger than {@code max + 1}, so that rounding need not wrap; values must be
 * finite for it.
 */
final class QxLanes {
    private final int n;
    private final int max;

    /** The scale found for each sub-block. */
    final float[] scale;

    /** What gave the codes: {@code code = max + round(inverse · x)}, or 0 for all where it is 0. */
    final float[] inverse;

    /** Where each guess but the first sends the value of largest magnitude. */
    private final float[] reaches = new float[18];

    private final float[] extreme = new float[WIDTH];
    private final float[] best = new float[WIDTH];

    /** A search in sub-blocks of {@code n} values for codes around {@code max}. */
    QxLanes(int n, int max) {
        this.n = n;
        this.max = max;
        int size = Math.max(BatchKernel.VALUES / n, WIDTH);
        scale = new float[size];
        inverse = new float[size];
        for (int k = 0, step = -9; step <= 9; step++) {
            if (step != 0) reaches[k++] = -(max + 0.1f * step);
        }
    }

    /**
     * Searches a panel.
     *
     * @param at where it begins in {@code x} and in {@code w}
     * @param sub of its first sub-block: where its results go
     */
    void search(float[] x, float[] w, int at, int sub) {
        extremes(x, at);
        for (int v = 0; v < WIDTH; v += COUNT) {
            first(x, w, at + v, sub + v, v);
            for (int k = 0; k < reaches.length; k += 2) {
                guess(x, w, at + v, sub + v, v, reaches[k], reaches[k + 1]);
            }
        }
        for (int v = 0; v < WIDTH; v += COUNT) settle(sub + v, v);
    }

    /** The value of largest magnitude, the first of these, with its sign. */
    void extremes(float[] x, int at) {
        FloatVector mostA = FloatVector.zero(FLOATS);
        FloatVector mostB = FloatVector.zero(FLOATS);
        FloatVector extremeA = FloatVector.zero(FLOATS);
        FloatVector extremeB = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector xA = FloatVector.fromArray(FLOATS, x, l);
            FloatVector xB = FloatVector.fromArray(FLOATS, x, l + COUNT);
            FloatVector absA = xA.abs();
            FloatVector absB = xB.abs();
            VectorMask<Float> moreA = mostA.lt(absA);
            VectorMask<Float> moreB = mostB.lt(absB);
            mostA = mostA.blend(absA, moreA);
            mostB = mostB.blend(absB, moreB);
            extremeA = extremeA.blend(xA, moreA);
            extremeB = extremeB.blend(xB, moreB);
        }
        extremeA.intoArray(extreme, 0);
        extremeB.intoArray(extreme, COUNT);
    }

    /** The first guess, which sends the extreme to the end of the range. */
    private void first(float[] xs, float[] ws, int at, int sub, int v) {
        FloatVector e = FloatVector.fromArray(FLOATS, extreme, v);
        FloatVector inv = FloatVector.broadcast(FLOATS, -max).div(e);
        FloatVector lx = FloatVector.zero(FLOATS);
        FloatVector l2 = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, l);
            FloatVector code =
                    x.mul(inv)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lx = lx.add(w.mul(x).mul(code));
            l2 = l2.add(w.mul(code).mul(code));
        }
        FloatVector sc = lx.div(l2).blend(0f, l2.eq(0f));
        sc.mul(lx).intoArray(best, v);
        sc.intoArray(scale, sub);
        inv.intoArray(inverse, sub);
    }

    /**
     * Two guesses, which send the extreme to {@code reachA} and {@code reachB}; the best so far is
     * kept. Only a reach half a code beyond the range brings codes below it.
     */
    private void guess(float[] xs, float[] ws, int at, int sub, int v, float reachA, float reachB) {
        boolean beyond = reachB < -max - 0.45f;
        FloatVector e = FloatVector.fromArray(FLOATS, extreme, v);
        FloatVector invA = FloatVector.broadcast(FLOATS, reachA).div(e);
        FloatVector invB = FloatVector.broadcast(FLOATS, reachB).div(e);
        FloatVector lxA = FloatVector.zero(FLOATS);
        FloatVector lxB = FloatVector.zero(FLOATS);
        FloatVector l2A = FloatVector.zero(FLOATS);
        FloatVector l2B = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, l);
            IntVector bitsA = x.mul(invA).add(MAGIC).reinterpretAsInts().min(MAGIC_BITS + max - 1);
            IntVector bitsB = x.mul(invB).add(MAGIC).reinterpretAsInts().min(MAGIC_BITS + max - 1);
            if (beyond) {
                bitsA = bitsA.max(MAGIC_BITS - max);
                bitsB = bitsB.max(MAGIC_BITS - max);
            }
            FloatVector codeA = bitsA.reinterpretAsFloats().sub(MAGIC);
            FloatVector codeB = bitsB.reinterpretAsFloats().sub(MAGIC);
            FloatVector wx = w.mul(x);
            lxA = lxA.add(wx.mul(codeA));
            lxB = lxB.add(wx.mul(codeB));
            l2A = l2A.add(w.mul(codeA).mul(codeA));
            l2B = l2B.add(w.mul(codeB).mul(codeB));
        }
        FloatVector bestSoFar = FloatVector.fromArray(FLOATS, best, v);
        FloatVector scaleA = lxA.div(l2A);
        FloatVector scaleB = lxB.div(l2B);
        FloatVector qualityA = scaleA.mul(lxA);
        FloatVector qualityB = scaleB.mul(lxB);
        VectorMask<Float> betterA =
                bestSoFar.mul(l2A).lt(lxA.mul(lxA)).and(l2A.compare(VectorOperators.GT, 0f));
        bestSoFar = bestSoFar.blend(qualityA, betterA);
        VectorMask<Float> betterB =
                bestSoFar.mul(l2B).lt(lxB.mul(lxB)).and(l2B.compare(VectorOperators.GT, 0f));
        bestSoFar.blend(qualityB, betterB).intoArray(best, v);
        FloatVector.fromArray(FLOATS, scale, sub)
                .blend(scaleA, betterA)
                .blend(scaleB, betterB)
                .intoArray(scale, sub);
        FloatVector.fromArray(FLOATS, inverse, sub)
                .blend(invA, betterA)
                .blend(invB, betterB)
                .intoArray(inverse, sub);
    }

    /** A sub-block without any value worth the name has scale and codes 0. */
    private void settle(int sub, int v) {
        VectorMask<Float> zero =
                FloatVector.fromArray(FLOATS, extreme, v).abs().lt(QxSearch.EPSILON);
        if (!zero.anyTrue()) return;
        FloatVector.fromArray(FLOATS, scale, sub).blend(0f, zero).intoArray(scale, sub);
        FloatVector.fromArray(FLOATS, inverse, sub).blend(0f, zero).intoArray(inverse, sub);
    }
}
