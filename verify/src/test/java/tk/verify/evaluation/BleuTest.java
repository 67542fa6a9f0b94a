package tk.verify.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import java.util.List;

class BleuTest {
    /** The example in sacreBLEU's README, and its value. */
    @Test
    void agreesWithSacreBleu() {
        Bleu bleu = new Bleu();
        bleu.add(
                "The dog bit the man.",
                List.of("The dog bit the man.", "The dog had bit the man."));
        bleu.add(
                "It wasn't surprising.",
                List.of("It was not unexpected.", "No one was surprised."));
        bleu.add(
                "The man had just bitten him.",
                List.of("The man bit him first.", "The man had bitten the dog."));
        assertThat(bleu.score()).isCloseTo(48.530827009929865, within(1e-10));
    }

    @Test
    void isAHundredForTheReferenceItself() {
        Bleu bleu = new Bleu();
        bleu.add("Kedi minderin üstünde uyuyor.", List.of("Kedi minderin üstünde uyuyor."));
        assertThat(bleu.score()).isCloseTo(100, within(1e-9));
    }

    @Test
    void isNothingWithoutACommonWord() {
        Bleu bleu = new Bleu();
        bleu.add("a b c d e", List.of("v w x y z"));
        assertThat(bleu.score()).isZero();
        Bleu empty = new Bleu();
        empty.add("", List.of("v w x y z"));
        assertThat(empty.score()).isZero();
    }

    /**
     * Five words against six, by hand: 5/5, 3/4, 1/3, then nothing of 2, smoothed to 1/(2·2);
     * brevity e^(1 - 6/5).
     */
    @Test
    void smoothsWhatIsMissingAndPunishesBrevity() {
        Bleu bleu = new Bleu();
        bleu.add("a b c e f", List.of("a b c d e f"));
        double expected = 100 * Math.exp(-0.2) * Math.pow(1.0 * 3 / 4 * 1 / 3 * (1.0 / 4), 0.25);
        assertThat(bleu.score()).isCloseTo(expected, within(1e-9));
    }

    @Test
    void countsAWordNoOftenerThanAReferenceHasIt() {
        Bleu bleu = new Bleu();
        bleu.add("the the the the the the the", List.of("the cat is on the mat"));
        // 2/7, then nothing of 6, 5 and 4.
        double expected = 100 * Math.pow(2.0 / 7 * (1 / 12.0) * (1 / 20.0) * (1 / 32.0), 0.25);
        assertThat(bleu.score()).isCloseTo(expected, within(1e-9));
    }

    @Test
    void separatesPunctuationAsMtevalDoes() {
        assertThat(Bleu.tokens("Hello, world! It's 3.14, i.e. \"pi\" &amp; 5-6 (x/y)"))
                .containsExactly(
                        "Hello", ",", "world", "!", "It's", "3.14", ",", "i", ".", "e", ".", "\"",
                        "pi", "\"", "&", "5", "-", "6", "(", "x", "/", "y", ")");
    }
}
