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
 * {@link tk.quantize.scalar.Q3Search} for a panel of sub-blocks at once.
 *
 * <p>Few sub-blocks change after the first guess: {@link #guess} tells which may, and these can be
 * gathered for {@link #improve}. A lane whose sub-block rests is not altered by further sweeps.
 */
final class Q3Lanes {
    private static final int SWEEPS = 5;

    private final int n;
    private final int max;

    /** The scale found for each sub-block. */
    final float[] scale;

    /** Not 0 where the guess is not the answer yet. */
    final float[] unsettled;

    /** The codes found, less {@code max}, in the layout of the panels. */
    final float[] codes;

    private final float[] magnitude = new float[WIDTH];
    private final float[] sumLx = new float[WIDTH];
    private final float[] sumL2 = new float[WIDTH];

    /** A search in sub-blocks of {@code n} values for codes around {@code max}. */
    Q3Lanes(int n, int max) {
        this.n = n;
        this.max = max;
        int size = Math.max(BatchKernel.VALUES / n, WIDTH);
        scale = new float[size];
        unsettled = new float[size];
        codes = new float[size * n];
    }

    /**
     * The first guess for a panel, and whether it stays.
     *
     * @param at where the panel begins in {@code x}, and its codes in {@link #codes}
     * @param sub of its first sub-block: where its results go
     */
    void guess(float[] x, int at, int sub) {
        for (int v = 0; v < WIDTH; v += COUNT) {
            guess(x, at + v, sub + v, v);
            settle(at + v, sub + v, v);
        }
    }

    /** Moves the codes of a panel, for which there is a guess, as far as they go. */
    void improve(float[] x, int at, int sub) {
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            sweep(x, at);
            boolean moving = false;
            for (int v = 0; v < WIDTH; v += COUNT) moving |= test(x, at + v, sub + v, v);
            if (!moving) break;
        }
        for (int v = 0; v < WIDTH; v += COUNT) settle(at + v, sub + v, v);
    }

    /** Sends the value of largest magnitude to the end of the range. */
    private void guess(float[] xs, int at, int sub, int v) {
        FloatVector most = FloatVector.zero(FLOATS);
        FloatVector extreme = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector abs = x.abs();
            VectorMask<Float> more = most.lt(abs);
            most = most.blend(abs, more);
            extreme = extreme.blend(x, more);
        }
        FloatVector inverse = FloatVector.broadcast(FLOATS, -max).div(extreme);
        FloatVector lx = FloatVector.zero(FLOATS);
        FloatVector l2 = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector code =
                    x.mul(inverse)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            code.intoArray(codes, l);
            FloatVector w = x.mul(x);
            lx = lx.add(w.mul(x).mul(code));
            l2 = l2.add(w.mul(code).mul(code));
        }
        most.intoArray(magnitude, v);
        lx.intoArray(sumLx, v);
        l2.intoArray(sumL2, v);
        test(xs, at, sub, v);
    }

    /**
     * Whether a sweep would try another code for any value. As long as it would not, the sums stay
     * as they are and values need not wait for each other.
     */
    private boolean test(float[] xs, int at, int sub, int v) {
        FloatVector lx = FloatVector.fromArray(FLOATS, sumLx, v);
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, v);
        FloatVector tries = FloatVector.zero(FLOATS);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector code = FloatVector.fromArray(FLOATS, codes, l);
            FloatVector w = x.mul(x);
            FloatVector restLx = lx.sub(w.mul(x).mul(code));
            FloatVector restL2 = l2.sub(w.mul(code).mul(code));
            FloatVector better =
                    x.mul(restL2)
                            .div(restLx)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .or(0x4b000000)
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            VectorMask<Float> same = better.eq(code);
            tries = tries.blend(1f, restLx.compare(VectorOperators.GT, 0f).andNot(same));
        }
        tries.intoArray(unsettled, sub);
        return tries.compare(VectorOperators.GT, 0f).anyTrue();
    }

    /** Moves codes one at a time where this lessens the error. */
    private void sweep(float[] xs, int at) {
        FloatVector lxA = FloatVector.fromArray(FLOATS, sumLx, 0);
        FloatVector lxB = FloatVector.fromArray(FLOATS, sumLx, COUNT);
        FloatVector l2A = FloatVector.fromArray(FLOATS, sumL2, 0);
        FloatVector l2B = FloatVector.fromArray(FLOATS, sumL2, COUNT);
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector xA = FloatVector.fromArray(FLOATS, xs, l);
            FloatVector xB = FloatVector.fromArray(FLOATS, xs, l + COUNT);
            FloatVector codeA = FloatVector.fromArray(FLOATS, codes, l);
            FloatVector codeB = FloatVector.fromArray(FLOATS, codes, l + COUNT);
            FloatVector wA = xA.mul(xA);
            FloatVector wB = xB.mul(xB);
            FloatVector wxA = wA.mul(xA);
            FloatVector wxB = wB.mul(xB);
            FloatVector restLxA = lxA.sub(wxA.mul(codeA));
            FloatVector restLxB = lxB.sub(wxB.mul(codeB));
            FloatVector restL2A = l2A.sub(wA.mul(codeA).mul(codeA));
            FloatVector restL2B = l2B.sub(wB.mul(codeB).mul(codeB));
            VectorMask<Float> movesA = restLxA.compare(VectorOperators.GT, 0f);
            VectorMask<Float> movesB = restLxB.compare(VectorOperators.GT, 0f);
            FloatVector betterA =
                    xA.mul(restL2A)
                            .div(restLxA)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .or(0x4b000000)
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            FloatVector betterB =
                    xB.mul(restL2B)
                            .div(restLxB)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .or(0x4b000000)
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            movesA = movesA.andNot(betterA.eq(codeA));
            movesB = movesB.andNot(betterB.eq(codeB));
            restLxA = restLxA.add(wxA.mul(betterA));
            restLxB = restLxB.add(wxB.mul(betterB));
            restL2A = restL2A.add(wA.mul(betterA).mul(betterA));
            restL2B = restL2B.add(wB.mul(betterB).mul(betterB));
            movesA = movesA.and(restL2A.compare(VectorOperators.GT, 0f));
            movesB = movesB.and(restL2B.compare(VectorOperators.GT, 0f));
            movesA = movesA.and(lxA.mul(lxA).mul(restL2A).lt(restLxA.mul(restLxA).mul(l2A)));
            movesB = movesB.and(lxB.mul(lxB).mul(restL2B).lt(restLxB.mul(restLxB).mul(l2B)));
            codeA.blend(betterA, movesA).intoArray(codes, l);
            codeB.blend(betterB, movesB).intoArray(codes, l + COUNT);
            lxA = lxA.blend(restLxA, movesA);
            lxB = lxB.blend(restLxB, movesB);
            l2A = l2A.blend(restL2A, movesA);
            l2B = l2B.blend(restL2B, movesB);
        }
        lxA.intoArray(sumLx, 0);
        lxB.intoArray(sumLx, COUNT);
        l2A.intoArray(sumL2, 0);
        l2B.intoArray(sumL2, COUNT);
    }

    /** Without any value worth the name, scale and codes are 0. */
    private void settle(int at, int sub, int v) {
        VectorMask<Float> zero = FloatVector.fromArray(FLOATS, magnitude, v).lt(QxSearch.EPSILON);
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, v);
        FloatVector.fromArray(FLOATS, sumLx, v)
                .div(l2)
                .blend(0f, l2.compare(VectorOperators.GT, 0f).not().or(zero))
                .intoArray(scale, sub);
        if (!zero.anyTrue()) return;
        for (int l = at; l < at + n * WIDTH; l += WIDTH) {
            FloatVector.fromArray(FLOATS, codes, l).blend(-max, zero).intoArray(codes, l);
        }
    }
}
