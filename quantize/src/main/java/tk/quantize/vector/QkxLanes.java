package tk.quantize.vector;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.MAGIC_BITS;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * {@link tk.quantize.scalar.QkxSearch} for a panel of sub-blocks at once.
 *
 * <p>Rounds without wrapping, which is right for values up to four million. Where a lane meets
 * larger ones (a range next to nothing, infinite sums) it is not {@link #sound}, and its sub-block
 * must be searched by the scalar code.
 */
final class QkxLanes {
    /** Below this magnitude a value rounds without wrapping. */
    private static final float LIMIT = 4194303f;

    private final int n;
    private final int max;
    private final float firstStep;
    private final float stepSize;
    private final int steps;
    private final boolean absolute;

    /** The scale found for each sub-block. */
    final float[] scale;

    /** The minimum found, negated: {@code x ≈ scale · code + low}. */
    final float[] low;

    /** What gave the codes: {@code code = round(inverse · (x - codeLow))}. */
    final float[] inverse;

    final float[] codeLow;

    /** 1 where the above hold, 0 where the sub-block must be searched by the scalar code. */
    final float[] sound;

    /** The sum of each sub-block's weights. */
    final float[] sumWeights;

    private final float[] sumX = new float[WIDTH];
    private final float[] lowest = new float[WIDTH];
    private final float[] highest = new float[WIDTH];
    private final float[] best = new float[WIDTH];
    private final float[] trialInverse = new float[WIDTH];
    private final float[] trialScale = new float[WIDTH];
    private final float[] trialLow = new float[WIDTH];
    private final float[] codes;

    /** As {@link tk.quantize.scalar.QkxSearch}, for sub-blocks of {@code n} values. */
    QkxLanes(int n, int max, float firstStep, float stepSize, int steps, boolean absolute) {
        this.n = n;
        this.max = max;
        this.firstStep = firstStep;
        this.stepSize = stepSize;
        this.steps = steps;
        this.absolute = absolute;
        int size = Math.max(BatchKernel.VALUES / n, WIDTH);
        scale = new float[size];
        low = new float[size];
        inverse = new float[size];
        codeLow = new float[size];
        sound = new float[size];
        sumWeights = new float[size];
        codes = new float[n * WIDTH];
    }

    /**
     * Searches a panel.
     *
     * @param at where it begins in {@code x} and in {@code w}
     * @param sub of its first sub-block: where its results go
     */
    void search(float[] x, float[] w, int at, int sub) {
        for (int v = 0; v < WIDTH; v += COUNT) {
            range(x, w, at + v, sub + v, v);
            first(x, w, at + v, sub + v, v);
        }
        for (int step = 0; step <= steps; step++) {
            guess(x, w, at, sub, firstStep + stepSize * step + max);
            if (absolute) judgeAbsolute(x, w, at, sub);
            else judgeSquared(x, w, at, sub);
        }
        for (int v = 0; v < WIDTH; v += COUNT) settle(sub + v, v);
    }

    /** The values' range and the sums that do not depend on codes. */
    void range(float[] xs, float[] ws, int at, int sub, int v) {
        FloatVector x = FloatVector.fromArray(FLOATS, xs, at);
        FloatVector w = FloatVector.fromArray(FLOATS, ws, at);
        FloatVector lo = x;
        FloatVector hi = x;
        FloatVector sumW = w;
        FloatVector sumWx = w.mul(x);
        for (int i = at + WIDTH; i < at + n * WIDTH; i += WIDTH) {
            x = FloatVector.fromArray(FLOATS, xs, i);
            w = FloatVector.fromArray(FLOATS, ws, i);
            lo = lo.blend(x, x.lt(lo));
            hi = hi.blend(x, hi.lt(x));
            sumW = sumW.add(w);
            sumWx = sumWx.add(w.mul(x));
        }
        lo = lo.blend(0f, lo.compare(VectorOperators.GT, 0f));
        lo.intoArray(lowest, v);
        hi.intoArray(highest, v);
        sumWx.intoArray(sumX, v);
        lo.intoArray(low, sub);
        lo.intoArray(codeLow, sub);
        sumW.intoArray(sumWeights, sub);
    }

    /** The first guess and its error. */
    void first(float[] xs, float[] ws, int at, int sub, int v) {
        FloatVector lo = FloatVector.fromArray(FLOATS, low, sub);
        FloatVector hi = FloatVector.fromArray(FLOATS, highest, v);
        FloatVector inv = FloatVector.broadcast(FLOATS, max).div(hi.sub(lo));
        FloatVector sc = FloatVector.broadcast(FLOATS, 1).div(inv);
        FloatVector error = FloatVector.zero(FLOATS);
        for (int i = at; i < at + n * WIDTH; i += WIDTH) {
            FloatVector x = FloatVector.fromArray(FLOATS, xs, i);
            FloatVector w = FloatVector.fromArray(FLOATS, ws, i);
            FloatVector code =
                    x.sub(lo)
                            .mul(inv)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS)
                            .min(MAGIC_BITS + max)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            FloatVector difference = sc.mul(code).add(lo).sub(x);
            difference = absolute ? difference.abs() : difference.mul(difference);
            error = error.add(w.mul(difference));
        }
        error.intoArray(best, v);
        sc.intoArray(scale, sub);
        inv.intoArray(inverse, sub);
        VectorMask<Float> fits = hi.sub(lo).mul(inv).lt(LIMIT);
        FloatVector.zero(FLOATS).blend(1f, fits).intoArray(sound, sub);
    }

    /** Codes of a guess that spreads the range over {@code reach} codes, and their regression. */
    void guess(float[] xs, float[] ws, int at, int sub, float reach) {
        FloatVector loA = FloatVector.fromArray(FLOATS, low, sub);
        FloatVector loB = FloatVector.fromArray(FLOATS, low, sub + COUNT);
        FloatVector hiA = FloatVector.fromArray(FLOATS, highest, 0);
        FloatVector hiB = FloatVector.fromArray(FLOATS, highest, COUNT);
        FloatVector invA = FloatVector.broadcast(FLOATS, reach).div(hiA.sub(loA));
        FloatVector invB = FloatVector.broadcast(FLOATS, reach).div(hiB.sub(loB));
        invA.intoArray(trialInverse, 0);
        invB.intoArray(trialInverse, COUNT);
        FloatVector sumLA = FloatVector.zero(FLOATS);
        FloatVector sumLB = FloatVector.zero(FLOATS);
        FloatVector sumL2A = FloatVector.zero(FLOATS);
        FloatVector sumL2B = FloatVector.zero(FLOATS);
        FloatVector sumXlA = FloatVector.zero(FLOATS);
        FloatVector sumXlB = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector xA = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector xB = FloatVector.fromArray(FLOATS, xs, at + l + COUNT);
            FloatVector wA = FloatVector.fromArray(FLOATS, ws, at + l);
            FloatVector wB = FloatVector.fromArray(FLOATS, ws, at + l + COUNT);
            FloatVector codeA =
                    xA.sub(loA)
                            .mul(invA)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS)
                            .min(MAGIC_BITS + max)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            FloatVector codeB =
                    xB.sub(loB)
                            .mul(invB)
                            .add(MAGIC)
                            .reinterpretAsInts()
                            .max(MAGIC_BITS)
                            .min(MAGIC_BITS + max)
                            .reinterpretAsFloats()
                            .sub(MAGIC);
            codeA.intoArray(codes, l);
            codeB.intoArray(codes, l + COUNT);
            FloatVector wlA = wA.mul(codeA);
            FloatVector wlB = wB.mul(codeB);
            sumLA = sumLA.add(wlA);
            sumLB = sumLB.add(wlB);
            sumL2A = sumL2A.add(wlA.mul(codeA));
            sumL2B = sumL2B.add(wlB.mul(codeB));
            sumXlA = sumXlA.add(wlA.mul(xA));
            sumXlB = sumXlB.add(wlB.mul(xB));
        }

        FloatVector wA = FloatVector.fromArray(FLOATS, sumWeights, sub);
        FloatVector xA = FloatVector.fromArray(FLOATS, sumX, 0);
        FloatVector detA = wA.mul(sumL2A).sub(sumLA.mul(sumLA));
        FloatVector scA = wA.mul(sumXlA).sub(xA.mul(sumLA)).div(detA);
        FloatVector tlA = sumL2A.mul(xA).sub(sumLA.mul(sumXlA)).div(detA);
        VectorMask<Float> positiveA = tlA.compare(VectorOperators.GT, 0f);
        if (positiveA.anyTrue()) scA = scA.blend(sumXlA.div(sumL2A), positiveA);
        // No error is less than NaN: without a determinant the guess is dropped.
        scA.blend(Float.NaN, detA.compare(VectorOperators.GT, 0f).not()).intoArray(trialScale, 0);
        tlA.blend(0f, positiveA).intoArray(trialLow, 0);
        FloatVector firstA = FloatVector.fromArray(FLOATS, lowest, 0).sub(loA).mul(invA).abs();
        FloatVector lastA = hiA.sub(loA).mul(invA).abs();
        VectorMask<Float> fitsA = firstA.lt(LIMIT).and(lastA.lt(LIMIT));
        if (!fitsA.allTrue()) {
            FloatVector.fromArray(FLOATS, sound, sub).blend(0f, fitsA.not()).intoArray(sound, sub);
        }

        FloatVector wB = FloatVector.fromArray(FLOATS, sumWeights, sub + COUNT);
        FloatVector xB = FloatVector.fromArray(FLOATS, sumX, COUNT);
        FloatVector detB = wB.mul(sumL2B).sub(sumLB.mul(sumLB));
        FloatVector scB = wB.mul(sumXlB).sub(xB.mul(sumLB)).div(detB);
        FloatVector tlB = sumL2B.mul(xB).sub(sumLB.mul(sumXlB)).div(detB);
        VectorMask<Float> positiveB = tlB.compare(VectorOperators.GT, 0f);
        if (positiveB.anyTrue()) scB = scB.blend(sumXlB.div(sumL2B), positiveB);
        // No error is less than NaN: without a determinant the guess is dropped.
        scB.blend(Float.NaN, detB.compare(VectorOperators.GT, 0f).not())
                .intoArray(trialScale, COUNT);
        tlB.blend(0f, positiveB).intoArray(trialLow, COUNT);
        FloatVector firstB = FloatVector.fromArray(FLOATS, lowest, COUNT).sub(loB).mul(invB).abs();
        FloatVector lastB = hiB.sub(loB).mul(invB).abs();
        VectorMask<Float> fitsB = firstB.lt(LIMIT).and(lastB.lt(LIMIT));
        if (!fitsB.allTrue()) {
            FloatVector.fromArray(FLOATS, sound, sub + COUNT)
                    .blend(0f, fitsB.not())
                    .intoArray(sound, sub + COUNT);
        }
    }

    /** Keeps that scale and minimum where their squared error is the least so far. */
    void judgeSquared(float[] xs, float[] ws, int at, int sub) {
        FloatVector scA = FloatVector.fromArray(FLOATS, trialScale, 0);
        FloatVector scB = FloatVector.fromArray(FLOATS, trialScale, COUNT);
        FloatVector loA = FloatVector.fromArray(FLOATS, trialLow, 0);
        FloatVector loB = FloatVector.fromArray(FLOATS, trialLow, COUNT);
        FloatVector errorA = FloatVector.zero(FLOATS);
        FloatVector errorB = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector codeA = FloatVector.fromArray(FLOATS, codes, l);
            FloatVector codeB = FloatVector.fromArray(FLOATS, codes, l + COUNT);
            FloatVector xA = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector xB = FloatVector.fromArray(FLOATS, xs, at + l + COUNT);
            FloatVector wA = FloatVector.fromArray(FLOATS, ws, at + l);
            FloatVector wB = FloatVector.fromArray(FLOATS, ws, at + l + COUNT);
            FloatVector dA = scA.mul(codeA).add(loA).sub(xA);
            FloatVector dB = scB.mul(codeB).add(loB).sub(xB);
            errorA = errorA.add(wA.mul(dA.mul(dA)));
            errorB = errorB.add(wB.mul(dB.mul(dB)));
        }
        FloatVector bestA = FloatVector.fromArray(FLOATS, best, 0);
        VectorMask<Float> betterA = errorA.lt(bestA);
        bestA.blend(errorA, betterA).intoArray(best, 0);
        FloatVector lowA = FloatVector.fromArray(FLOATS, low, sub);
        FloatVector.fromArray(FLOATS, codeLow, sub).blend(lowA, betterA).intoArray(codeLow, sub);
        lowA.blend(loA, betterA).intoArray(low, sub);
        FloatVector.fromArray(FLOATS, scale, sub).blend(scA, betterA).intoArray(scale, sub);
        FloatVector.fromArray(FLOATS, inverse, sub)
                .blend(FloatVector.fromArray(FLOATS, trialInverse, 0), betterA)
                .intoArray(inverse, sub);

        FloatVector bestB = FloatVector.fromArray(FLOATS, best, COUNT);
        VectorMask<Float> betterB = errorB.lt(bestB);
        bestB.blend(errorB, betterB).intoArray(best, COUNT);
        FloatVector lowB = FloatVector.fromArray(FLOATS, low, sub + COUNT);
        FloatVector.fromArray(FLOATS, codeLow, sub + COUNT)
                .blend(lowB, betterB)
                .intoArray(codeLow, sub + COUNT);
        lowB.blend(loB, betterB).intoArray(low, sub + COUNT);
        FloatVector.fromArray(FLOATS, scale, sub + COUNT)
                .blend(scB, betterB)
                .intoArray(scale, sub + COUNT);
        FloatVector.fromArray(FLOATS, inverse, sub + COUNT)
                .blend(FloatVector.fromArray(FLOATS, trialInverse, COUNT), betterB)
                .intoArray(inverse, sub + COUNT);
    }

    /** Keeps that scale and minimum where their absolute error is the least so far. */
    void judgeAbsolute(float[] xs, float[] ws, int at, int sub) {
        FloatVector scA = FloatVector.fromArray(FLOATS, trialScale, 0);
        FloatVector scB = FloatVector.fromArray(FLOATS, trialScale, COUNT);
        FloatVector loA = FloatVector.fromArray(FLOATS, trialLow, 0);
        FloatVector loB = FloatVector.fromArray(FLOATS, trialLow, COUNT);
        FloatVector errorA = FloatVector.zero(FLOATS);
        FloatVector errorB = FloatVector.zero(FLOATS);
        for (int l = 0; l < n * WIDTH; l += WIDTH) {
            FloatVector codeA = FloatVector.fromArray(FLOATS, codes, l);
            FloatVector codeB = FloatVector.fromArray(FLOATS, codes, l + COUNT);
            FloatVector xA = FloatVector.fromArray(FLOATS, xs, at + l);
            FloatVector xB = FloatVector.fromArray(FLOATS, xs, at + l + COUNT);
            FloatVector wA = FloatVector.fromArray(FLOATS, ws, at + l);
            FloatVector wB = FloatVector.fromArray(FLOATS, ws, at + l + COUNT);
            errorA = errorA.add(wA.mul(scA.mul(codeA).add(loA).sub(xA).abs()));
            errorB = errorB.add(wB.mul(scB.mul(codeB).add(loB).sub(xB).abs()));
        }
        FloatVector bestA = FloatVector.fromArray(FLOATS, best, 0);
        VectorMask<Float> betterA = errorA.lt(bestA);
        bestA.blend(errorA, betterA).intoArray(best, 0);
        FloatVector lowA = FloatVector.fromArray(FLOATS, low, sub);
        FloatVector.fromArray(FLOATS, codeLow, sub).blend(lowA, betterA).intoArray(codeLow, sub);
        lowA.blend(loA, betterA).intoArray(low, sub);
        FloatVector.fromArray(FLOATS, scale, sub).blend(scA, betterA).intoArray(scale, sub);
        FloatVector.fromArray(FLOATS, inverse, sub)
                .blend(FloatVector.fromArray(FLOATS, trialInverse, 0), betterA)
                .intoArray(inverse, sub);

        FloatVector bestB = FloatVector.fromArray(FLOATS, best, COUNT);
        VectorMask<Float> betterB = errorB.lt(bestB);
        bestB.blend(errorB, betterB).intoArray(best, COUNT);
        FloatVector lowB = FloatVector.fromArray(FLOATS, low, sub + COUNT);
        FloatVector.fromArray(FLOATS, codeLow, sub + COUNT)
                .blend(lowB, betterB)
                .intoArray(codeLow, sub + COUNT);
        lowB.blend(loB, betterB).intoArray(low, sub + COUNT);
        FloatVector.fromArray(FLOATS, scale, sub + COUNT)
                .blend(scB, betterB)
                .intoArray(scale, sub + COUNT);
        FloatVector.fromArray(FLOATS, inverse, sub + COUNT)
                .blend(FloatVector.fromArray(FLOATS, trialInverse, COUNT), betterB)
                .intoArray(inverse, sub + COUNT);
    }

    /** A sub-block of one value has scale and codes 0. */
    void settle(int sub, int v) {
        FloatVector from = FloatVector.fromArray(FLOATS, lowest, v);
        VectorMask<Float> flat = FloatVector.fromArray(FLOATS, highest, v).eq(from);
        if (!flat.anyTrue()) return;
        FloatVector.fromArray(FLOATS, scale, sub).blend(0f, flat).intoArray(scale, sub);
        FloatVector.fromArray(FLOATS, inverse, sub).blend(0f, flat).intoArray(inverse, sub);
        FloatVector.fromArray(FLOATS, low, sub).blend(from, flat).intoArray(low, sub);
        FloatVector.fromArray(FLOATS, sound, sub).blend(1f, flat).intoArray(sound, sub);
    }
}
