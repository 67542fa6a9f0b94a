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
 * The first guess of {@link tk.quantize.scalar.Q3Search} for a panel of sub-blocks at once. It is
 * the answer for most; {@link Q3Moves} goes on with those it does not settle.
 */
final class Q3Lanes {
    private final int n;
    private final int max;

    /** What gave the codes: {@code code = max + round(inverse · x)}, or 0 for all where it is 0. */
    final float[] inverse;

    /** Of the codes less {@code max}, w = x²: Σ w·x·code of each sub-block. */
    final float[] sumLx;

    /** Σ w·code². */
    final float[] sumL2;

    /** Not 0 where a sweep might move a code. */
    final float[] unsettled;

    /** The scale found for each sub-block. */
    final float[] scale;

    private final float[] codes;

    /** A search in sub-blocks of {@code n} values for codes around {@code max}. */
    Q3Lanes(int n, int max) {
        this.n = n;
        this.max = max;
        int size = Math.max(BatchKernel.VALUES / n, WIDTH);
        inverse = new float[size];
        sumLx = new float[size];
        sumL2 = new float[size];
        unsettled = new float[size];
        scale = new float[size];
        codes = new float[n * WIDTH];
    }

    /**
     * The first guess for a panel.
     *
     * @param at where the panel begins in {@code x}
     * @param sub of its first sub-block: where its results go
     */
    void guess(float[] x, int at, int sub) {
        for (int v = 0; v < WIDTH; v += COUNT) {
            guess(x, at + v, sub + v, v);
            test(x, at + v, sub + v, v);
        }
    }

    /** The scales of the first {@code subs} sub-blocks, from their sums. */
    void scales(int subs) {
        for (int s = 0; s < subs; s += COUNT) {
            FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, s);
            FloatVector.fromArray(FLOATS, sumLx, s)
                    .div(l2)
                    .blend(0f, l2.compare(VectorOperators.GT, 0f).not())
                    .intoArray(scale, s);
        }
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
        // Without any value worth the name, sums and codes are 0.
        FloatVector inv = FloatVector.broadcast(FLOATS, -max).div(extreme);
        inv = inv.blend(0f, most.lt(QxSearch.EPSILON));
        FloatVector lx = FloatVector.zero(FLOATS);
        FloatVector l2 = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector code =
                    x.mul(inv)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS - max)
                            .min(MAGIC_BITS + max - 1)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            code.intoArray(codes, l + v);
            FloatVector w = x.mul(x);
            lx = lx.add(w.mul(x).mul(code));
            l2 = l2.add(w.mul(code).mul(code));
        }
        inv.intoArray(inverse, sub);
        lx.intoArray(sumLx, sub);
        l2.intoArray(sumL2, sub);
    }

    /**
     * Whether a sweep would try another code for any value. As long as it would not, the sums stay
     * as they are, and values need not wait for each other.
     */
    private void test(float[] xs, int at, int sub, int v) {
        FloatVector lx = FloatVector.fromArray(FLOATS, sumLx, sub);
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, sub);
        FloatVector tries = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector code = FloatVector.fromArray(FLOATS, codes, l + v);
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
    }
}
