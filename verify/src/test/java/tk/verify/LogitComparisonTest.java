package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import java.util.Random;

class LogitComparisonTest {
    @Test
    void findsNothingBetweenEqualLogits() {
        LogitComparison comparison = new LogitComparison(100);
        for (int position = 0; position < 10; position++) {
            float[] logits = random(100, position);
            comparison.add(0, position, logits, logits.clone());
        }
        LogitStatistics found = comparison.statistics();
        assertThat(found.positions()).isEqualTo(10);
        assertThat(found.maxAbs()).isZero();
        assertThat(found.nmse()).isZero();
        assertThat(found.kl().max()).isZero();
        assertThat(found.top1Agreement()).isEqualTo(1);
        assertThat(found.top5Agreement()).isEqualTo(1);
        assertThat(found.regret()).isZero();
        assertThat(found.added().max()).isZero();
    }

    @Test
    void agreesWithDistributionsWorkedOutByHand() {
        LogitComparison comparison = new LogitComparison(2);
        // P = (1/2, 1/2), Q = (3/4, 1/4): KL = ½ ln(2/3) + ½ ln 2 = 0.1438…
        comparison.add(0, 0, new float[] {0, 0}, new float[] {(float) Math.log(3), 0});
        LogitStatistics found = comparison.statistics();
        assertThat(found.kl().mean())
                .isCloseTo(0.5 * Math.log(2.0 / 3) + 0.5 * Math.log(2), within(1e-7));
        assertThat(found.maxAbs()).isCloseTo(Math.log(3), within(1e-6));
    }

    @Test
    void seesNoDivergenceInACommonOffset() {
        LogitComparison comparison = new LogitComparison(50);
        float[] logits = random(50, 1);
        float[] shifted = logits.clone();
        for (int i = 0; i < shifted.length; i++) shifted[i] += 2;
        comparison.add(0, 0, logits, shifted);
        assertThat(comparison.statistics().kl().max()).isLessThan(1e-9);
        assertThat(comparison.statistics().maxAbs()).isCloseTo(2, within(1e-5));
        assertThat(comparison.statistics().nmse()).isGreaterThan(0.1);
    }

    @Test
    void countsTokensBeyondTheVocabularyAsAddedLossOnly() {
        LogitComparison comparison = new LogitComparison(2);
        // Two original tokens of weight 1, one added of weight 2: half the mass is lost, ln 2.
        comparison.add(0, 0, new float[] {0, 0}, new float[] {0, 0, (float) Math.log(2)});
        LogitStatistics found = comparison.statistics();
        assertThat(found.kl().max()).isZero();
        assertThat(found.added().mean()).isCloseTo(Math.log(2), within(1e-7));
    }

    @Test
    void forgivesANearTieAndChargesARealChange() {
        LogitComparison tie = new LogitComparison(3);
        tie.add(0, 0, new float[] {1.0001f, 1, 0}, new float[] {1, 1.0001f, 0});
        assertThat(tie.statistics().top1Agreement()).isZero();
        assertThat(tie.statistics().regret()).isCloseTo(1e-4, within(1e-6));

        LogitComparison change = new LogitComparison(3);
        change.add(0, 0, new float[] {5, 1, 0}, new float[] {1, 5, 0});
        assertThat(change.statistics().regret()).isCloseTo(4, within(1e-6));
    }

    @Test
    void namesTheWorstPositionsFirst() {
        LogitComparison comparison = new LogitComparison(2);
        for (int position = 0; position < 40; position++) {
            comparison.add(3, position, new float[] {0, 0}, new float[] {position, 0});
        }
        LogitStatistics found = comparison.statistics();
        assertThat(found.worst()).hasSize(12);
        assertThat(found.worst().getFirst().position()).isEqualTo(39);
        assertThat(found.worst().getFirst().prompt()).isEqualTo(3);
        assertThat(found.worst().getLast().position()).isEqualTo(28);
    }

    @Test
    void keepsNonFinitePositionsOutOfTheFigures() {
        LogitComparison comparison = new LogitComparison(2);
        comparison.add(0, 0, new float[] {0, 0}, new float[] {0, Float.NaN});
        comparison.add(0, 1, new float[] {0, 0}, new float[] {0, 0, Float.POSITIVE_INFINITY});
        comparison.add(0, 2, new float[] {0, 0}, new float[] {0, 0});
        LogitStatistics found = comparison.statistics();
        assertThat(found.positions()).isEqualTo(3);
        assertThat(found.nonFinite()).isEqualTo(2);
        assertThat(found.kl().count()).isEqualTo(1);
    }

    @Test
    void sharesTheTopFive() {
        LogitComparison comparison = new LogitComparison(10);
        float[] reference = {9, 8, 7, 6, 5, 0, 0, 0, 0, 0};
        float[] candidate = {9, 8, 7, 0, 0, 6, 5, 0, 0, 0};
        comparison.add(0, 0, reference, candidate);
        assertThat(comparison.statistics().top1Agreement()).isEqualTo(1);
        assertThat(comparison.statistics().top5Agreement()).isEqualTo(0.6);
    }

    @Test
    void refusesTooFewLogits() {
        LogitComparison comparison = new LogitComparison(3);
        assertThatThrownBy(() -> comparison.add(0, 0, new float[3], new float[2]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void takesQuantilesBetweenNeighbours() {
        Distribution found = Distribution.of(new double[] {4, 1, 3, 2, 99}, 4);
        assertThat(found.quantile(0)).isEqualTo(1);
        assertThat(found.quantile(0.5)).isEqualTo(2.5);
        assertThat(found.quantile(1)).isEqualTo(4);
        assertThat(found.countWithin(2, 4)).isEqualTo(2);
        assertThat(found.mean()).isEqualTo(2.5);
    }

    private static float[] random(int size, long seed) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) values[i] = (float) (4 * random.nextGaussian());
        return values;
    }
}
