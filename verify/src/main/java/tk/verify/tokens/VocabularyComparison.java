package tk.verify.tokens;

import tk.tokenizer.TokenType;
import tk.verify.tokens.Vocabulary.Entry;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Whether a candidate's vocabulary is the source's, token by token.
 *
 * @param compared how many tokens
 * @param added tokens that only the candidate has
 * @param failures what differs
 */
public record VocabularyComparison(int compared, int added, List<String> failures) {
    private static final int SHOWN = 5;

    /** Copies the list. */
    public VocabularyComparison {
        failures = List.copyOf(failures);
    }

    /**
     * Compares texts, scores, types and merges.
     *
     * @param rows how many rows the reference's embedding has: a GGUF has a token for each
     */
    public static VocabularyComparison of(Vocabulary reference, Vocabulary candidate, int rows) {
        List<String> failures = new ArrayList<>();
        List<Entry> expected = reference.entries();
        List<Entry> found = candidate.entries();
        int compared = Math.min(expected.size(), found.size());
        int differing = 0;
        for (int id = 0; id < compared; id++) {
            String difference = difference(expected.get(id), found.get(id));
            if (difference.isEmpty()) continue;
            if (differing++ < SHOWN) failures.add("token %d: %s".formatted(id, difference));
        }
        if (differing > SHOWN) {
            failures.add("%d more tokens differ".formatted(differing - SHOWN));
        }
        // A GGUF names every row; a source may have more pieces than rows, which can never be
        // predicted. Elsewhere rows that no token stands for are the embedding's own business.
        int needed = candidate.gguf().isPresent() ? rows : reference.used().size();
        if (found.size() < needed) {
            failures.add("%d tokens, expected at least %d".formatted(found.size(), needed));
        }
        for (int id = compared; id < found.size(); id++) {
            if (candidate.declaresAdded(id)) continue;
            failures.add(
                    "token %d \"%s\" is not in the source".formatted(id, found.get(id).text()));
            break;
        }
        bytePieces(found, failures);
        merges(reference.merges(), candidate.merges(), failures);
        return new VocabularyComparison(compared, found.size() - compared, failures);
    }

    private static String difference(Entry expected, Entry found) {
        if (!expected.text().equals(found.text())) {
            return "\"%s\", expected \"%s\"".formatted(found.text(), expected.text());
        }
        if (found.types().stream().noneMatch(expected.types()::contains)) {
            return "\"%s\" is of type %s, expected %s"
                    .formatted(found.text(), names(found), names(expected));
        }
        boolean scored = !Float.isNaN(expected.score()) && !Float.isNaN(found.score());
        if (scored && expected.score() != found.score()) {
            return "\"%s\" has the score %s, expected %s"
                    .formatted(found.text(), found.score(), expected.score());
        }
        return "";
    }

    private static String names(Entry entry) {
        return String.join(" or ", entry.types().stream().sorted().map(TokenType::name).toList())
                .toLowerCase(Locale.ROOT);
    }

    /** Byte pieces are all there or none: llama.cpp ends the process at the first missing one. */
    private static void bytePieces(List<Entry> entries, List<String> failures) {
        long pieces =
                entries.stream()
                        .filter(Vocabulary::isBytePiece)
                        .map(Entry::text)
                        .distinct()
                        .count();
        if (pieces != 0 && pieces != 256) {
            failures.add("%d byte pieces, expected 256 or none".formatted(pieces));
        }
    }

    private static void merges(List<String> expected, List<String> found, List<String> failures) {
        // Tiktoken's ranks name no merges: there the texts tell whether these are right.
        if (expected.isEmpty() || expected.equals(found)) return;
        int at = 0;
        while (at < Math.min(expected.size(), found.size())
                && expected.get(at).equals(found.get(at))) {
            at++;
        }
        failures.add(
                "merge %d of %d differs (the source has %d)"
                        .formatted(at, found.size(), expected.size()));
    }
}
