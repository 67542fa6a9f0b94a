package tk.verify;

import tk.json.JsonValue.JsonObject;
import tk.verify.weights.TensorDifference;

import java.util.List;
import java.util.Optional;

/**
 * The measurements behind a verdict.
 *
 * @param parameters how many values the candidate's weights have
 * @param tensors how each weight differs, in the order of the computation
 * @param logits how the logits compare, where they were computed
 * @param worst the positions that differ most, in context, worst first
 * @param continuations what both sides wrote
 * @param perplexity and divergence on the user's text, where one was given
 * @param tokens what the tokenizers made of the corpus
 */
public record Evidence(
        long parameters,
        List<TensorDifference> tensors,
        Optional<LogitStatistics> logits,
        List<WorstToken> worst,
        List<Continuation> continuations,
        Optional<KlDivergence> perplexity,
        Tokens tokens) {

    /** Nothing measured. */
    public static final Evidence NONE =
            new Evidence(
                    0,
                    List.of(),
                    Optional.empty(),
                    List.of(),
                    List.of(),
                    Optional.empty(),
                    new Tokens(0, List.of()));

    /** Copies the lists. */
    public Evidence {
        tensors = List.copyOf(tensors);
        worst = List.copyOf(worst);
        continuations = List.copyOf(continuations);
    }

    /**
     * A position at which the two models differ.
     *
     * @param before the text up to there
     * @param expected the reference's likeliest next token
     * @param found the candidate's
     * @param kl divergence, nats
     */
    public record WorstToken(String before, String expected, String found, double kl) {}

    /**
     * What both sides wrote, always choosing the likeliest token.
     *
     * @param prompt what they were given
     * @param reference the source's continuation
     * @param candidate the candidate's
     * @param agreed how many tokens agree before the first that doesn't
     * @param length how many tokens were written
     */
    public record Continuation(
            String prompt, String reference, String candidate, int agreed, int length) {}

    /**
     * What the tokenizers made of the corpus.
     *
     * @param cases how many texts were encoded by both
     * @param mismatches the texts on which they differ
     */
    public record Tokens(int cases, List<Mismatch> mismatches) {
        /** Copies the list. */
        public Tokens {
            mismatches = List.copyOf(mismatches);
        }

        JsonObject toJson() {
            return new Members()
                    .put("cases", cases)
                    .put("mismatches", mismatches.stream().map(Mismatch::toJson).toList())
                    .object();
        }
    }

    /**
     * A text that became different tokens.
     *
     * @param text as given
     * @param expected the source tokenizer's ids
     * @param found the candidate's
     */
    public record Mismatch(String text, List<Integer> expected, List<Integer> found) {
        /** Copies the lists. */
        public Mismatch {
            expected = List.copyOf(expected);
            found = List.copyOf(found);
        }

        JsonObject toJson() {
            return new Members()
                    .put("text", text)
                    .put("expected", expected)
                    .put("found", found)
                    .object();
        }
    }
}
