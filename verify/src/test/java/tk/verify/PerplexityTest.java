package tk.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import tk.checkpoint.Progress;
import tk.error.UsageException;
import tk.verify.reference.LogitModel;
import tk.verify.reference.LogitSink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

class PerplexityTest {
    /** Ten tokens; after token t, token t+1 has the log-odds {@code bonus}, the others 0. */
    private record Counting(float bonus, List<int[]> seen) implements LogitModel {
        Counting(float bonus) {
            this(bonus, new ArrayList<>());
        }

        @Override
        public int vocabularySize() {
            return 10;
        }

        @Override
        public int contextLength() {
            return 64;
        }

        @Override
        public void logits(int[] tokens, int first, LogitSink sink) {
            seen.add(tokens.clone());
            float[] logits = new float[10];
            for (int t = first; t < tokens.length; t++) {
                Arrays.fill(logits, 0);
                logits[(tokens[t] + 1) % 10] = bonus;
                sink.accept(t, logits);
            }
        }

        @Override
        public Batch start(int sequences) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private static int[] counting(int length) {
        int[] tokens = new int[length];
        for (int i = 0; i < length; i++) tokens[i] = i % 10;
        return tokens;
    }

    @Test
    void perplexityOfAGuessIsTheVocabulary() {
        TextChunks text = new TextChunks(counting(47), 8, OptionalInt.empty());
        Perplexity found = Perplexity.of(new Counting(0), text, Progress.NONE);
        assertThat(found.value()).isCloseTo(10, within(1e-6));
        assertThat(found.uncertainty()).isCloseTo(0, within(1e-6));
        assertThat(found.chunks()).isEqualTo(5);
        assertThat(found.scored()).isEqualTo(15); // positions 4, 5 and 6 of each chunk
    }

    @Test
    void perplexityFollowsTheOdds() {
        TextChunks text = new TextChunks(counting(32), 8, OptionalInt.empty());
        Perplexity found = Perplexity.of(new Counting((float) Math.log(9)), text, Progress.NONE);
        assertThat(found.value()).isCloseTo(2, within(1e-6));
        assertThat(found.meanNll()).isCloseTo(Math.log(2), within(1e-6));
    }

    @Test
    void everyChunkBeginsWithBosButIsScoredOnItsOwnTokens() {
        Counting model = new Counting(3);
        TextChunks text = new TextChunks(counting(16), 8, OptionalInt.of(7));
        Perplexity.of(model, text, Progress.NONE);
        assertThat(model.seen())
                .containsExactly(
                        new int[] {7, 1, 2, 3, 4, 5, 6, 7}, new int[] {7, 9, 0, 1, 2, 3, 4, 5});
        assertThat(text.next(1, 6)).isEqualTo(5);
    }

    @Test
    void aShortTextIsRefused() {
        assertThatThrownBy(() -> new TextChunks(counting(15), 8, OptionalInt.empty()))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("15")
                .hasMessageContaining("16");
    }

    @Test
    void aModelDoesNotDivergeFromItself() {
        TextChunks text = new TextChunks(counting(64), 16, OptionalInt.empty());
        KlDivergence found = KlDivergence.of(new Counting(2), new Counting(2), text, Progress.NONE);
        assertThat(found.divergence().max()).isCloseTo(0, within(1e-4)); // the base is coded
        assertThat(found.sameTop()).isEqualTo(1);
        assertThat(found.logRatio()).isCloseTo(0, within(1e-4));
    }

    @Test
    void divergenceIsThatOfTheTwoDistributions() {
        TextChunks text = new TextChunks(counting(64), 16, OptionalInt.empty());
        // p = 1/2, and nine times 1/18; q = 1/10 throughout.
        KlDivergence found =
                KlDivergence.of(
                        new Counting((float) Math.log(9)), new Counting(0), text, Progress.NONE);
        double expected = 0.5 * Math.log(5) + 0.5 * Math.log(10 / 18.0);
        assertThat(found.divergence().mean()).isCloseTo(expected, within(1e-4));
        assertThat(found.base().value()).isCloseTo(2, within(1e-3));
        assertThat(found.candidate().value()).isCloseTo(10, within(1e-3));
        assertThat(found.logRatio()).isCloseTo(Math.log(5), within(1e-4));
        assertThat(found.change().mean()).isCloseTo(-0.4, within(1e-4));
        assertThat(found.changeRms()).isCloseTo(0.4, within(1e-4));
    }
}
