package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;

import org.junit.jupiter.api.Test;

import java.util.Random;

class LaneSumTest {
    /** Enough rounds that the last ones run compiled, the first ones interpreted. */
    private static final int ROUNDS = 100_000;

    @Test
    void theOrderIsTheSameBeforeAndAfterCompilation() {
        Random random = new Random(1);
        float[] lanes = new float[FloatVector.SPECIES_PREFERRED.length()];
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < lanes.length; i++) lanes[i] = (float) random.nextGaussian();
            FloatVector v = FloatVector.fromArray(FloatVector.SPECIES_PREFERRED, lanes, 0);
            assertThat(LaneSum.of(v)).isEqualTo(halves(lanes));
        }
    }

    private static float halves(float[] lanes) {
        float[] sums = lanes.clone();
        for (int half = sums.length / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) sums[i] += sums[i + half];
        }
        return sums[0];
    }
}
