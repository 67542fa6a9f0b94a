package tk.verify.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import java.util.List;

class RougeTest {
    /** The example in rouge-score's README, and its values. */
    @Test
    void agreesWithRougeScore() {
        Rouge found =
                Rouge.of(
                        "The quick brown dog jumps on the log.",
                        List.of("The quick brown fox jumps over the lazy dog"));
        assertThat(found.one()).isCloseTo(0.7058823529411765, within(1e-12));
        assertThat(found.longest()).isCloseTo(0.5882352941176471, within(1e-12));
        // By hand: "the quick" and "quick brown" of 7 and 8 pairs.
        assertThat(found.two())
                .isCloseTo(2 * (2 / 7.0) * (2 / 8.0) / (2 / 7.0 + 2 / 8.0), within(1e-12));
    }

    /** Lin 2004, section 3.2: recall 4/5, precision 4/10. */
    @Test
    void joinsTheSubsequencesOfAllLines() {
        Rouge found = Rouge.of("w1 w2 w6 w7 w8\nw1 w3 w8 w9 w5", List.of("w1 w2 w3 w4 w5"));
        assertThat(found.summary()).isCloseTo(2 * 0.8 * 0.4 / 1.2, within(1e-12));
    }

    @Test
    void takesTheBestReference() {
        Rouge found = Rouge.of("one two", List.of("three four", "two one", "one"));
        assertThat(found.one()).isEqualTo(1);
        assertThat(found.two()).isZero();
        assertThat(found.longest()).isCloseTo(2.0 / 3, within(1e-12));
    }

    @Test
    void isNothingForNothing() {
        assertThat(Rouge.of("", List.of("one"))).isEqualTo(new Rouge(0, 0, 0, 0));
        assertThat(Rouge.of("one", List.of(""))).isEqualTo(new Rouge(0, 0, 0, 0));
    }

    @Test
    void splitsAtLettersThatAreNotAscii() {
        assertThat(Rouge.tokens("Işık, İZMİR 2026!"))
                .containsExactly("i", "k", "i", "zmi", "r", "2026");
    }
}
