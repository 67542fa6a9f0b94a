package tk.verify;

import java.util.Map;

/** llama3 rope scaling as the tests use it. */
final class RopeFactors {
    static final int COUNT = TinyModel.HEAD_DIM / 2;

    /** {@code rope_scaling} of a config.json. */
    static final Map<String, Object> SCALING =
            Map.of(
                    "rope_type", "llama3",
                    "factor", 8.0,
                    "low_freq_factor", 1.0,
                    "high_freq_factor", 4.0,
                    "original_max_position_embeddings", 32);

    private RopeFactors() {}

    /** {@code rope_freqs.weight} as convert_hf_to_gguf computes it, in F32. */
    static float[] of(double theta) {
        float[] factors = new float[COUNT];
        for (int i = 0; i < COUNT; i++) {
            float frequency = 1 / (float) Math.pow(theta, 2 * i / (float) TinyModel.HEAD_DIM);
            float wavelength = (float) (2 * Math.PI) / frequency;
            float smooth = (32 / wavelength - 1) / (4 - 1);
            if (wavelength < 32 / 4f) factors[i] = 1;
            else if (wavelength > 32) factors[i] = 8;
            else factors[i] = 1 / ((1 - smooth) / 8 + smooth);
        }
        return factors;
    }
}
