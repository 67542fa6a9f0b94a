package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;

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
        "8, 8192, 500000, 128",
        "32, 8192, 500000, 64",
        "4, 1024, 10000, 32",
        "16, 256, 123456, 80"
    })
    void areExplainedByTheirScaling(double factor, int context, double theta, int headDim) {
        Llama3 scaling = new Llama3(factor, 1, 4, context);
        float[] factors = RopeFactors.of(scaling, theta, headDim);
        Llama3 explained = RopeFactors.explain(factors, theta).orElseThrow();
        assertThat(RopeFactors.of(explained, theta, headDim)).isEqualTo(factors);
        assertThat(explained.factor()).isEqualTo(factor);
    }

    @Test
    void otherFactorsAreNotExplained() {
        assertThat(RopeFactors.explain(new float[] {3, 1, 2, 5}, 10000)).isEmpty();
        assertThat(RopeFactors.explain(new float[] {Float.NaN, 1}, 10000)).isEmpty();
        assertThat(RopeFactors.explain(new float[0], 10000)).isEmpty();
    }
}
