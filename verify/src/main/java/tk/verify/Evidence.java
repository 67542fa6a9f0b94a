package tk.verify;

import tk.json.JsonValue.JsonObject;

import java.util.List;
import java.util.Optional;

/**
 * The measurements behind a verdict.
 *
 * @param logits how the logits compare, where they were computed
 * @param perplexity of both sides on the user's text, where one was given
 * @param tokens what the tokenizers made of the corpus
 */
public record Evidence(
        Optional<LogitStatistics> logits, Optional<Perplexities> perplexity, Tokens tokens) {

    /**
     * exp of the mean negative log-likelihood of a text.
     *
     * @param reference of the source
     * @param candidate of what was made from it
     */
    public record Perplexities(double reference, double candidate) {
        JsonObject toJson() {
            return new Members().put("reference", reference).put("candidate", candidate).object();
        }
    }

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
