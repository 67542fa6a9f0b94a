package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.hf.RopeScaling.Llama3;

import java.util.Arrays;

class RopeFactorsTest {
    /** As convert_hf_to_gguf writes them. */
    @Test
    void keepsHighFrequenciesAndStretchesLowOnes() {
        float[] factors = RopeFactors.of(new Llama3(8, 1, 4, 8192), 500000, 64);
        assertThat(factors).hasSize(32);
        assertThat(Arrays.copyOf(factors, 15)).containsOnly(1f);
        assertThat(Arrays.copyOfRange(factors, 15, 18))
                .containsExactly(1.5534146f, 2.69453f, 5.257327f);
        assertThat(Arrays.copyOfRange(factors, 18, 32)).containsOnly(8f);
    }

    @ParameterizedTest
    @CsvSource({
        "8, 1, 4, 8192, 500000, 128",
        "32, 1, 4, 8192, 500000, 64",
        "4, 1, 4, 1024, 10000, 32",
        "16, 1, 4, 256, 123456, 80",
        "4, 1, 2, 64, 10000, 16",
        "4, 1, 2, 64, 10000, 4",
        "8, 1, 4, 64, 10000, 6",
        "6, 1.5, 7, 3000, 300000, 96",
        "6, 1, 1.1, 3000, 300000, 16",
        "8, 1, 4, 4, 10000, 16"
    })
    void areExplainedByTheirScaling(
            double factor, double low, double high, int context, double theta, int headDim) {
        Llama3 scaling = new Llama3(factor, low, high, context);
        float[] factors = RopeFactors.of(scaling, theta, headDim);
        Llama3 explained = RopeFactorsFit.of(factors, theta).orElseThrow();
        float[] again = RopeFactors.of(explained, theta, headDim);
        for (int i = 0; i < factors.length; i++) {
            assertThat(again[i]).isCloseTo(factors[i], withinPercentage(1e-3));
        }
    }

    @Test
    void otherFactorsAreNotExplained() {
        assertThat(RopeFactorsFit.of(new float[] {3, 1, 2, 5}, 10000)).isEmpty();
        assertThat(RopeFactorsFit.of(new float[] {Float.NaN, 1}, 10000)).isEmpty();
        assertThat(RopeFactorsFit.of(new float[0], 10000)).isEmpty();
    }
}
