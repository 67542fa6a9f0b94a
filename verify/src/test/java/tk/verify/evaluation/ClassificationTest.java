package tk.verify.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ClassificationTest {
    /** y_true = a a a b b c, y_pred = a b a b b b; F1 of a 0.8, of b 2/3, of c 0. */
    @Test
    void f1IsScikitLearns() {
        Classification found = new Classification();
        String right = "aaabbc";
        String decided = "ababbb";
        for (int i = 0; i < 6; i++) {
            found.add(decided.substring(i, i + 1), right.substring(i, i + 1));
        }
        assertThat(found.accuracy()).isCloseTo(4.0 / 6, within(1e-12));
        assertThat(found.macroF1()).isCloseTo((0.8 + 2.0 / 3) / 3, within(1e-12));
        assertThat(found.weightedF1()).isCloseTo((3 * 0.8 + 2 * 2.0 / 3) / 6, within(1e-12));
    }

    @Test
    void aLabelThatWasOnlyDecidedForCounts() {
        Classification found = new Classification();
        found.add("x", "y");
        assertThat(found.macroF1()).isZero();
        assertThat(found.accuracy()).isZero();
    }
}
