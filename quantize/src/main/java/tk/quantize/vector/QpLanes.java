package tk.quantize.vector;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.QxSearch;

/**
 * {@link tk.quantize.scalar.QpSearch} for as many super-blocks at once as there are lanes: each has
 * {@code n} values (the scales or minimums of its sub-blocks), none negative.
 *
 * <p>Value {@code j} of super-block {@code b} lies at {@code j * COUNT + b}.
 */
final class QpLanes {
    private static final int SWEEPS = 5;

    private final int n;
    private final int max;

    /** The values, to be filled in. */
    final float[] values;

    /** Their weights, to be filled in. */
    final float[] weights;

    /** The codes found, whole numbers. */
    final float[] codes;

    /** The scale found for each super-block. */
    final float[] scale = new float[COUNT];

    private final float[] high = new float[COUNT];
    private final float[] inverse = new float[COUNT];
    private final float[] best = new float[COUNT];
    private final float[] sumLx = new float[COUNT];
    private final float[] sumL2 = new float[COUNT];

    /** A search for codes 0 … {@code max}. */
    QpLanes(int n, int max) {
        this.n = n;
        this.max = max;
        values = new float[n * COUNT];
        weights = new float[n * COUNT];
        codes = new float[n * COUNT];
    }

    /** Searches. */
    void search() {
        highest();
        guess(0, true);
        for (int step = -4; step <= 4; step++) {
            if (step != 0) guess(step, false);
        }
        encode();
        for (int sweep = 0; sweep < SWEEPS; sweep++) {
            if (!sweep()) break;
        }
        settle();
    }

    private void highest() {
        FloatVector most = FloatVector.zero(FLOATS);
        for (int i = 0; i < n * COUNT; i += COUNT) {
            FloatVector x = FloatVector.fromArray(FLOATS, values, i);
            most = most.blend(x, most.lt(x));
        }
        most.intoArray(high, 0);
    }

    /** The error of one guess; the least one's inverse scale is kept. */
    private void guess(int step, boolean first) {
        FloatVector h = FloatVector.fromArray(FLOATS, high, 0);
        FloatVector inv = FloatVector.broadcast(FLOATS, 0.1f * step + max).div(h);
        FloatVector sc = FloatVector.broadcast(FLOATS, 1).div(inv);
        FloatVector error = FloatVector.zero(FLOATS);
        for (int i = 0; i < n * COUNT; i += COUNT) {
            FloatVector x = FloatVector.fromArray(FLOATS, values, i);
            FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
            FloatVector code =
                    x.mul(inv)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .min(0x400000 + max)
                            .or(0x4b000000)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            FloatVector difference = x.sub(sc.mul(code));
            error = error.add(w.mul(difference).mul(difference));
        }
        if (first) {
            error.intoArray(best, 0);
            inv.intoArray(inverse, 0);
            return;
        }
        FloatVector b = FloatVector.fromArray(FLOATS, best, 0);
        VectorMask<Float> better = error.lt(b);
        b.blend(error, better).intoArray(best, 0);
        FloatVector.fromArray(FLOATS, inverse, 0).blend(inv, better).intoArray(inverse, 0);
    }

    /** Codes of the best guess, and their sums. */
    private void encode() {
        FloatVector inv = FloatVector.fromArray(FLOATS, inverse, 0);
        FloatVector lx = FloatVector.zero(FLOATS);
        FloatVector l2 = FloatVector.zero(FLOATS);
        for (int i = 0; i < n * COUNT; i += COUNT) {
            FloatVector x = FloatVector.fromArray(FLOATS, values, i);
            FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
            FloatVector code =
                    x.mul(inv)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .min(0x400000 + max)
                            .or(0x4b000000)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            code.intoArray(codes, i);
            lx = lx.add(w.mul(x).mul(code));
            l2 = l2.add(w.mul(code).mul(code));
        }
        lx.intoArray(sumLx, 0);
        l2.intoArray(sumL2, 0);
    }

    /** Moves codes one at a time where this lessens the error; false where none moved. */
    private boolean sweep() {
        FloatVector lx = FloatVector.fromArray(FLOATS, sumLx, 0);
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, 0);
        FloatVector changed = FloatVector.zero(FLOATS);
        for (int i = 0; i < n * COUNT; i += COUNT) {
            FloatVector x = FloatVector.fromArray(FLOATS, values, i);
            FloatVector w = FloatVector.fromArray(FLOATS, weights, i);
            FloatVector code = FloatVector.fromArray(FLOATS, codes, i);
            FloatVector wx = w.mul(x);
            FloatVector restLx = lx.sub(wx.mul(code));
            FloatVector restL2 = l2.sub(w.mul(code).mul(code));
            VectorMask<Float> moves =
                    restLx.compare(VectorOperators.GT, 0f)
                            .and(restL2.compare(VectorOperators.GT, 0f));
            IntVector bits =
                    x.mul(restL2)
                            .div(restLx)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .and(0x7fffff)
                            .min(0x400000 + max);
            FloatVector better = bits.or(0x4b000000).reinterpretAsFloats().sub(MAGIC);
            moves = moves.andNot(better.eq(code));
            restLx = restLx.add(wx.mul(better));
            restL2 = restL2.add(w.mul(better).mul(better));
            moves = moves.and(lx.mul(lx).mul(restL2).lt(restLx.mul(restLx).mul(l2)));
            // What is kept is a byte: a value too large to round may have come out negative.
            FloatVector kept = bits.and(0xff).or(0x4b400000).reinterpretAsFloats().sub(MAGIC);
            code.blend(kept, moves).intoArray(codes, i);
            lx = lx.blend(restLx, moves);
            l2 = l2.blend(restL2, moves);
            changed = changed.blend(1f, moves);
        }
        lx.intoArray(sumLx, 0);
        l2.intoArray(sumL2, 0);
        return changed.compare(VectorOperators.GT, 0f).anyTrue();
    }

    private void settle() {
        FloatVector l2 = FloatVector.fromArray(FLOATS, sumL2, 0);
        VectorMask<Float> zero = FloatVector.fromArray(FLOATS, high, 0).lt(QxSearch.EPSILON);
        FloatVector.fromArray(FLOATS, sumLx, 0)
                .div(l2)
                .blend(0f, zero.or(l2.compare(VectorOperators.GT, 0f).not()))
                .intoArray(scale, 0);
        for (int i = 0; i < n * COUNT; i += COUNT) {
            FloatVector.fromArray(FLOATS, codes, i).blend(0f, zero).intoArray(codes, i);
        }
    }
}
