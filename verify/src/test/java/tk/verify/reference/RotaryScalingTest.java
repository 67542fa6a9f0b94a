package tk.verify.reference;

import org.junit.jupiter.api.Test;

import java.util.Map;
import java.util.stream.IntStream;

/** Each rotary scaling against its paper's formula, in double. */
class RotaryScalingTest {
    private static final int HEAD_DIM = 12;

    private static double plain(int i) {
        return Math.pow(10000, -2.0 * i / HEAD_DIM);
    }

    private static double[] frequencies(java.util.function.IntToDoubleFunction formula) {
        return IntStream.range(0, HEAD_DIM / 2).mapToDouble(formula).toArray();
    }

    private static RandomModel model(String scaling) {
        return RandomModel.of("LlamaForCausalLM", Map.of("rope_scaling", scaling));
    }

    @Test
    void linearDividesEveryFrequency() {
        ReferenceModelTest.assertAgrees(
                model("{\"type\": \"linear\", \"factor\": 2.5}"),
                frequencies(i -> plain(i) / 2.5),
                1,
                0,
                100);
    }

    @Test
    void dynamicIsPlainUpToTheContext() {
        ReferenceModelTest.assertAgrees(
                model("{\"rope_type\": \"dynamic\", \"factor\": 2.0}"),
                frequencies(RotaryScalingTest::plain),
                1,
                0,
                64);
    }

    @Test
    void dynamicRaisesTheBaseBeyondTheContext() {
        double base = 10000 * Math.pow(2.0 * 100 / 64 - 1, 12.0 / 10);
        ReferenceModelTest.assertAgrees(
                model("{\"rope_type\": \"dynamic\", \"factor\": 2.0}"),
                frequencies(i -> Math.pow(base, -2.0 * i / HEAD_DIM)),
                1,
                0,
                100);
    }

    @Test
    void llama3DividesLowFrequenciesAndKeepsHighOnes() {
        ReferenceModelTest.assertAgrees(
                model(
                        """
                        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
                        """),
                frequencies(
                        i -> {
                            double turns = 32 * plain(i) / (2 * Math.PI);
                            double smooth = Math.clamp((turns - 1) / 3, 0.0, 1.0);
                            return plain(i) * ((1 - smooth) / 8 + smooth);
                        }),
                1,
                0,
                100);
    }

    @Test
    void yarnRampsBetweenFastAndSlowAngles() {
        // 16 positions: angle i turns 16·f/2π times. The ramp runs from where that is 2 to where
        // it is 0.1, in whole indices of the formula's logarithmic scale.
        double low = Math.floor(6 * Math.log(16 / (2 * 2 * Math.PI)) / Math.log(10000));
        double high = Math.ceil(6 * Math.log(16 / (0.1 * 2 * Math.PI)) / Math.log(10000));
        ReferenceModelTest.assertAgrees(
                model(
                        """
                        {"rope_type": "yarn", "factor": 4.0, "beta_fast": 2, "beta_slow": 0.1,
                         "original_max_position_embeddings": 16}
                        """),
                frequencies(
                        i -> {
                            double kept = 1 - Math.clamp((i - low) / (high - low), 0.0, 1.0);
                            return plain(i) * (kept + (1 - kept) / 4);
                        }),
                0.1 * Math.log(4) + 1,
                0,
                100);
    }

    @Test
    void longRopeTakesTheShortFactorsUpToTheOriginalContext() {
        ReferenceModelTest.assertAgrees(
                model(LONG_ROPE),
                frequencies(i -> plain(i) / (1 + 0.1 * i)),
                Math.sqrt(1 + Math.log(2) / Math.log(32)),
                0,
                32);
    }

    @Test
    void longRopeTakesTheLongFactorsBeyond() {
        ReferenceModelTest.assertAgrees(
                model(LONG_ROPE),
                frequencies(i -> plain(i) / (2 + i)),
                Math.sqrt(1 + Math.log(2) / Math.log(32)),
                0,
                33);
    }

    private static final String LONG_ROPE =
            """
            {"rope_type": "longrope", "original_max_position_embeddings": 32,
             "short_factor": [1.0, 1.1, 1.2, 1.3, 1.4, 1.5],
             "long_factor": [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}
            """;
}
