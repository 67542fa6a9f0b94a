package tk.convert.gguf;

import tk.hf.RopeScaling.Llama3;

/**
 * What llama.cpp divides each rotary frequency by: the content of {@code rope_freqs.weight}.
 *
 * <p>Llama 3.1's rule, in F32 throughout and in the order of operations that PyTorch gives to
 * convert_hf_to_gguf's expressions (a number divided by a tensor is the tensor's reciprocal times
 * the number). The power alone is rounded correctly here, while PyTorch's depends on the processor
 * in its last bit; for every head width that is a power of two and the bases in use, the factors
 * come out equal.
 */
final class RopeFactors {
    private RopeFactors() {}

    /**
     * The factors.
     *
     * @param theta base of the frequencies
     * @param headDim width of a head
     * @return headDim / 2 factors, the highest frequency's first
     */
    static float[] of(Llama3 scaling, double theta, int headDim) {
        float longest = (float) (scaling.originalContext() / scaling.lowFreqFactor());
        float shortest = (float) (scaling.originalContext() / scaling.highFreqFactor());
        float factor = (float) scaling.factor();
        float[] factors = new float[headDim / 2];
        for (int i = 0; i < factors.length; i++) {
            float exponent = (float) (2 * i) / headDim;
            float frequency = 1 / (float) StrictMath.pow(theta, exponent);
            float wavelength = 1 / frequency * (float) (2 * Math.PI);
            if (wavelength < shortest) {
                factors[i] = 1;
            } else if (wavelength > longest) {
                factors[i] = factor;
            } else {
                float smooth =
                        (1 / wavelength * scaling.originalContext()
                                        - (float) scaling.lowFreqFactor())
                                / (float) (scaling.highFreqFactor() - scaling.lowFreqFactor());
                factors[i] = 1 / ((1 - smooth) / factor + smooth);
            }
        }
        return factors;
    }
}
