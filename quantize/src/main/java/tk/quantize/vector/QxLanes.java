package tk.quantize.vector;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.MAGIC_BITS;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.QxSearch;

/**
 * {@link QxSearch} for a vector of blocks, or sub-blocks, at once: the sums of all guesses first,
 * four at a time, and then the verdict on each in the scalar code's order. Always with weights: x²
 * must be spelled out.
 *
 * <p>No product here is larger than {@code max + 1}, so that rounding need not wrap; values must be
 * finite for it.
 */
final class QxLanes {
    /** The first guess, and 18 others; the last is there twice, to make up fours. */
    private static final int GUESSES = 20;

    /**
     * From this guess on some send the extreme beyond {@code -max - ½}. Before it no code is below
     * {@code -max}, for no product is larger than the extreme's, and that has its sign.
     */
    private static final int FAR = 12;

    private final int n;
    private final int max;

    /** The scale found for each block. */
    final float[] scale;

    /** What gave the codes: {@code code = max + round(inverse · x)}, or 0 for all where it is 0. */
    final float[] inverse;

    /** Where each guess sends the value of largest magnitude, in the order in which they count. */
    private final float[] reaches = new float[GUESSES];

    private final float[] extreme = new float[COUNT];

    /** A vector a guess: its inverse scale, Σw·x·code and Σw·code². */
    private final float[] inverses = new float[GUESSES * COUNT];

    private final float[] sumLx = new float[GUESSES * COUNT];
    private final float[] sumL2 = new float[GUESSES * COUNT];

    /** A search in blocks of {@code n} values for codes around {@code max}. */
    QxLanes(int n, int max) {
        this.n = n;
        this.max = max;
        int size = Math.max(BatchKernel.VALUES / n, WIDTH);
        scale = new float[size];
        inverse = new float[size];
        int guess = 0;
        reaches[guess++] = -max;
        for (int step = -9; step <= 9; step++) {
            if (step != 0) reaches[guess++] = -(max + 0.1f * step);
        }
        reaches[guess] = reaches[guess - 1];
    }

    /**
     * Searches a vector of blocks.
     *
     * @param x their panel
     * @param w the weights' panel
     * @param at the first block's place in both
     * @param block its number: where its results go
     */
    void search(float[] x, float[] w, int at, int block) {
        extremes(x, at);
        invert();
        for (int guess = 0; guess < FAR; guess += 4) sumsOfNear(x, w, at, guess * COUNT);
        for (int guess = FAR; guess < GUESSES; guess += 4) sumsOfFar(x, w, at, guess * COUNT);
        judge(block);
    }

    /** The value of largest magnitude, the first of these, with its sign. */
    private void extremes(float[] xs, int at) {
        FloatVector most = FloatVector.zero(FLOATS);
        FloatVector sign = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector magnitude = x.abs();
            VectorMask<Float> more = most.lt(magnitude);
            most = most.blend(magnitude, more);
            sign = sign.blend(x, more);
        }
        sign.intoArray(extreme, 0);
    }

    private void invert() {
        FloatVector e = FloatVector.fromArray(FLOATS, extreme, 0);
        for (int guess = 0; guess < GUESSES; guess++) {
            FloatVector.broadcast(FLOATS, reaches[guess]).div(e).intoArray(inverses, guess * COUNT);
        }
    }

    /** The sums of four guesses, whose vectors are at {@code k} and after, none of them far. */
    private void sumsOfNear(float[] xs, float[] ws, int at, int k) {
        FloatVector invA = FloatVector.fromArray(FLOATS, inverses, k);
        FloatVector invB = FloatVector.fromArray(FLOATS, inverses, k + COUNT);
        FloatVector invC = FloatVector.fromArray(FLOATS, inverses, k + 2 * COUNT);
        FloatVector invD = FloatVector.fromArray(FLOATS, inverses, k + 3 * COUNT);
        FloatVector lxA = FloatVector.zero(FLOATS);
        FloatVector lxB = FloatVector.zero(FLOATS);
        FloatVector lxC = FloatVector.zero(FLOATS);
        FloatVector lxD = FloatVector.zero(FLOATS);
        FloatVector l2A = FloatVector.zero(FLOATS);
        FloatVector l2B = FloatVector.zero(FLOATS);
        FloatVector l2C = FloatVector.zero(FLOATS);
        FloatVector l2D = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, at + l);
            FloatVector wx = w.mul(x);
            FloatVector codeA =
                    x.mul(invA)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxA = lxA.add(wx.mul(codeA));
            l2A = l2A.add(w.mul(codeA).mul(codeA));
            FloatVector codeB =
                    x.mul(invB)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxB = lxB.add(wx.mul(codeB));
            l2B = l2B.add(w.mul(codeB).mul(codeB));
            FloatVector codeC =
                    x.mul(invC)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxC = lxC.add(wx.mul(codeC));
            l2C = l2C.add(w.mul(codeC).mul(codeC));
            FloatVector codeD =
                    x.mul(invD)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxD = lxD.add(wx.mul(codeD));
            l2D = l2D.add(w.mul(codeD).mul(codeD));
        }
        lxA.intoArray(sumLx, k);
        lxB.intoArray(sumLx, k + COUNT);
        lxC.intoArray(sumLx, k + 2 * COUNT);
        lxD.intoArray(sumLx, k + 3 * COUNT);
        l2A.intoArray(sumL2, k);
        l2B.intoArray(sumL2, k + COUNT);
        l2C.intoArray(sumL2, k + 2 * COUNT);
        l2D.intoArray(sumL2, k + 3 * COUNT);
    }

    /** The sums of four guesses of which some are {@link #FAR}: their codes have two limits. */
    private void sumsOfFar(float[] xs, float[] ws, int at, int k) {
        FloatVector invA = FloatVector.fromArray(FLOATS, inverses, k);
        FloatVector invB = FloatVector.fromArray(FLOATS, inverses, k + COUNT);
        FloatVector invC = FloatVector.fromArray(FLOATS, inverses, k + 2 * COUNT);
        FloatVector invD = FloatVector.fromArray(FLOATS, inverses, k + 3 * COUNT);
        FloatVector lxA = FloatVector.zero(FLOATS);
        FloatVector lxB = FloatVector.zero(FLOATS);
        FloatVector lxC = FloatVector.zero(FLOATS);
        FloatVector lxD = FloatVector.zero(FLOATS);
        FloatVector l2A = FloatVector.zero(FLOATS);
        FloatVector l2B = FloatVector.zero(FLOATS);
        FloatVector l2C = FloatVector.zero(FLOATS);
        FloatVector l2D = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, at + l);
            FloatVector wx = w.mul(x);
            FloatVector codeA =
                    x.mul(invA)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxA = lxA.add(wx.mul(codeA));
            l2A = l2A.add(w.mul(codeA).mul(codeA));
            FloatVector codeB =
                    x.mul(invB)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxB = lxB.add(wx.mul(codeB));
            l2B = l2B.add(w.mul(codeB).mul(codeB));
            FloatVector codeC =
                    x.mul(invC)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxC = lxC.add(wx.mul(codeC));
            l2C = l2C.add(w.mul(codeC).mul(codeC));
            FloatVector codeD =
                    x.mul(invD)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            lxD = lxD.add(wx.mul(codeD));
            l2D = l2D.add(w.mul(codeD).mul(codeD));
        }
        lxA.intoArray(sumLx, k);
        lxB.intoArray(sumLx, k + COUNT);
        lxC.intoArray(sumLx, k + 2 * COUNT);
        lxD.intoArray(sumLx, k + 3 * COUNT);
        l2A.intoArray(sumL2, k);
        l2B.intoArray(sumL2, k + COUNT);
        l2C.intoArray(sumL2, k + 2 * COUNT);
        l2D.intoArray(sumL2, k + 3 * COUNT);
    }

    /** Keeps the best guess of each block. One without any value worth the name has scale 0. */
    private void judge(int block) {
        FloatVector lx = FloatVector.fromArray(FLOATS, sumLx, 0);
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, 0);
        // The first guess is taken as it is, even where its error is no number.
        FloatVector chosen = lx.div(l2).blend(0f, l2.eq(0f));
        FloatVector best = chosen.mul(lx);
        FloatVector by = FloatVector.fromArray(FLOATS, inverses, 0);
        for (int k = COUNT; k < GUESSES * COUNT; k += COUNT) {
            lx = FloatVector.fromArray(FLOATS, sumLx, k);
            l2 = FloatVector.fromArray(FLOATS, sumL2, k);
            VectorMask<Float> better =
                    best.mul(l2).lt(lx.mul(lx)).and(l2.compare(VectorOperators.GT, 0f));
            FloatVector other = lx.div(l2);
            chosen = chosen.blend(other, better);
            best = best.blend(other.mul(lx), better);
            by = by.blend(FloatVector.fromArray(FLOATS, inverses, k), better);
        }
        FloatVector magnitude = FloatVector.fromArray(FLOATS, extreme, 0).abs();
        VectorMask<Float> zero = magnitude.lt(QxSearch.EPSILON);
        chosen.blend(0f, zero).intoArray(scale, block);
        by.blend(0f, zero).intoArray(inverse, block);
    }
}
