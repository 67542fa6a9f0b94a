package tk.verify.reference;

import tk.hf.RopeScaling;

import java.util.List;

/**
 * The rotary frequencies of a {@code config.json}, as transformers computes them: {@code
 * θ^(-2i/d)}, stretched by the scaling it names.
 *
 * <p>Sources: Su et al. 2021 (plain); Chen et al. 2023 (linear); Peng et al. 2023 (dynamic NTK,
 * YaRN); Ding et al. 2024 (LongRoPE); the Llama 3.1 model card's reference code (llama3).
 */
final class RotaryFrequencies {
    private RotaryFrequencies() {}

    /**
     * The embedding for heads of {@code headDim} values.
     *
     * @param contextLength the length from which dynamic NTK begins to stretch
     */
    static RotaryEmbedding of(int headDim, double theta, RopeScaling scaling, int contextLength) {
        float[] plain = plain(headDim, theta);
        return switch (scaling) {
            case RopeScaling.None() -> new RotaryEmbedding.Fixed(plain, 1);
            case RopeScaling.Linear(double factor) ->
                    new RotaryEmbedding.Fixed(divided(plain, factor), 1);
            case RopeScaling.Dynamic(double factor) ->
                    new RotaryEmbedding.Growing(headDim, theta, factor, contextLength);
            case RopeScaling.Llama3 llama3 -> new RotaryEmbedding.Fixed(llama3(plain, llama3), 1);
            case RopeScaling.Yarn yarn ->
                    new RotaryEmbedding.Fixed(
                            yarn(
                                    headDim,
                                    theta,
                                    yarn.factor(),
                                    yarn.originalContext(),
                                    yarn.betaFast(),
                                    yarn.betaSlow()),
                            (float) yarnMagnitude(yarn));
            case RopeScaling.LongRope longRope -> longRope(plain, longRope);
        };
    }

    /** {@code 1 / θ^(2i/d)}, each step rounded to F32. */
    static float[] plain(int headDim, double theta) {
        float[] frequencies = new float[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            float exponent = (float) (2 * i) / headDim;
            frequencies[i] = 1 / (float) Math.pow(theta, exponent);
        }
        return frequencies;
    }

    private static float[] divided(float[] frequencies, double factor) {
        float[] result = frequencies.clone();
        for (int i = 0; i < result.length; i++) result[i] /= (float) factor;
        return result;
    }

    /** Each frequency divided by its own factor. */
    static float[] divided(float[] frequencies, float[] factors) {
        float[] result = frequencies.clone();
        for (int i = 0; i < result.length; i++) result[i] /= factors[i];
        return result;
    }

    private static float[] llama3(float[] frequencies, RopeScaling.Llama3 scaling) {
        double longest = scaling.originalContext() / scaling.lowFreqFactor();
        double shortest = scaling.originalContext() / scaling.highFreqFactor();
        float[] result = frequencies.clone();
        for (int i = 0; i < result.length; i++) {
            double wavelength = 2 * Math.PI / frequencies[i];
            if (wavelength > longest) {
                result[i] = (float) (frequencies[i] / scaling.factor());
            } else if (wavelength >= shortest) {
                double smooth =
                        (scaling.originalContext() / wavelength - scaling.lowFreqFactor())
                                / (scaling.highFreqFactor() - scaling.lowFreqFactor());
                result[i] =
                        (float)
                                ((1 - smooth) * frequencies[i] / scaling.factor()
                                        + smooth * frequencies[i]);
            }
        }
        return result;
    }

    /**
     * YaRN: angles that turn more than {@code betaFast} times within the original context are kept,
     * those that turn less than {@code betaSlow} times are divided by {@code factor}, a ramp
     * between.
     */
    static float[] yarn(
            int headDim,
            double theta,
            double factor,
            int originalContext,
            double betaFast,
            double betaSlow) {
        double low = Math.max(0, Math.floor(turning(betaFast, headDim, theta, originalContext)));
        double high =
                Math.min(
                        headDim - 1.0,
                        Math.ceil(turning(betaSlow, headDim, theta, originalContext)));
        if (low == high) high += 0.001;
        float[] frequencies = plain(headDim, theta);
        for (int i = 0; i < frequencies.length; i++) {
            double interpolated = Math.clamp((i - low) / (high - low), 0.0, 1.0);
            frequencies[i] =
                    (float)
                            (frequencies[i] / factor * interpolated
                                    + frequencies[i] * (1 - interpolated));
        }
        return frequencies;
    }

    /** The index whose angle turns {@code times} times within the original context. */
    private static double turning(double times, int headDim, double theta, int originalContext) {
        return headDim * Math.log(originalContext / (times * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private static double yarnMagnitude(RopeScaling.Yarn yarn) {
        if (yarn.attentionFactor().isPresent()) return yarn.attentionFactor().get();
        double mscale = yarn.mscale().orElse(0.0);
        double mscaleAllDim = yarn.mscaleAllDim().orElse(0.0);
        if (mscale != 0 && mscaleAllDim != 0) {
            return yarnMagnitude(yarn.factor(), mscale)
                    / yarnMagnitude(yarn.factor(), mscaleAllDim);
        }
        return yarnMagnitude(yarn.factor(), 1);
    }

    /** {@code 0.1 · mscale · ln(factor) + 1}, the paper's recommendation. */
    static double yarnMagnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private static RotaryEmbedding longRope(float[] plain, RopeScaling.LongRope scaling) {
        int original = scaling.originalContext();
        double factor = scaling.factor();
        double magnitude =
                scaling.attentionFactor()
                        .orElse(
                                factor <= 1
                                        ? 1
                                        : Math.sqrt(1 + Math.log(factor) / Math.log(original)));
        return new RotaryEmbedding.ByLength(
                divided(plain, floats(scaling.shortFactor())),
                divided(plain, floats(scaling.longFactor())),
                original,
                (float) magnitude);
    }

    private static float[] floats(List<Double> values) {
        float[] result = new float[values.size()];
        for (int i = 0; i < result.length; i++) result[i] = values.get(i).floatValue();
        return result;
    }
}
