package tk.verify;

import tk.verify.tokens.TokenComparison;
import tk.verify.tokens.Vocabulary;
import tk.verify.tokens.VocabularyComparison;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Compares vocabularies token by token, then what the tokenizers make of texts.
 *
 * @param result the gate's
 * @param tokens for the report
 */
record TokenGate(GateResult result, Evidence.Tokens tokens) {

    static TokenGate run(
            Optional<Vocabulary> source,
            Optional<Vocabulary> candidate,
            int rows,
            List<String> texts) {
        Findings findings = new Findings(Gate.TOKENS);
        Evidence.Tokens none = new Evidence.Tokens(0, List.of());
        if (source.isEmpty() && candidate.isEmpty()) {
            return new TokenGate(findings.result("no tokenizer on either side"), none);
        }
        if (source.isEmpty()) {
            findings.fail("the source has no tokenizer to compare with: give it with --tokenizer");
            return new TokenGate(findings.result(""), none);
        }
        if (candidate.isEmpty()) {
            findings.fail("the source's tokenizer is missing");
            return new TokenGate(findings.result(""), none);
        }
        VocabularyComparison vocabularies =
                VocabularyComparison.of(source.get(), candidate.get(), rows);
        findings.failAll(vocabularies.failures());
        if (vocabularies.added() > 0) {
            findings.note(
                    "%d tokens more than the source, byte pieces or unused"
                            .formatted(vocabularies.added()));
        }
        TokenComparison texted = TokenComparison.of(source.get(), candidate.get(), texts);
        List<Evidence.Mismatch> mismatches = new ArrayList<>();
        for (TokenComparison.Difference difference : texted.mismatches()) {
            mismatches.add(
                    new Evidence.Mismatch(
                            difference.text(), difference.expected(), difference.found()));
        }
        if (!mismatches.isEmpty()) {
            findings.fail(
                    "%d of %d texts became other tokens, the first \"%s\""
                            .formatted(
                                    mismatches.size(),
                                    texted.cases(),
                                    shortened(mismatches.getFirst().text())));
        }
        notes(texted, findings);
        return new TokenGate(
                findings.result(
                        "%d tokens are the source's, and %d texts become the same tokens"
                                .formatted(vocabularies.compared(), texted.same())),
                new Evidence.Tokens(texted.cases(), mismatches));
    }

    private static void notes(TokenComparison texted, Findings findings) {
        if (!texted.normalized().isEmpty()) {
            findings.note(
                    "llama.cpp has no SentencePiece normalizer: %d texts become the same tokens only once they are normalized, such as \"%s\""
                            .formatted(
                                    texted.normalized().size(),
                                    shortened(texted.normalized().getFirst())));
        }
        if (!texted.spelled().isEmpty()) {
            findings.note(
                    "llama.cpp reads the spelling of a special token as that token in %d texts, such as \"%s\""
                            .formatted(
                                    texted.spelled().size(),
                                    shortened(texted.spelled().getFirst())));
        }
        if (!texted.unknown().isEmpty()) {
            findings.note(
                    "%d texts have characters without a piece, such as \"%s\""
                            .formatted(
                                    texted.unknown().size(),
                                    shortened(texted.unknown().getFirst())));
        }
        if (!texted.lost().isEmpty()) {
            findings.note(
                    "llama.cpp says <unk> for characters that the source spells in bytes: in %d texts, such as \"%s\""
                            .formatted(texted.lost().size(), shortened(texted.lost().getFirst())));
        }
        if (!texted.cut().isEmpty()) {
            findings.note(
                    "llama.cpp cuts at user-defined tokens first, and puts a space before what follows: in %d texts, such as \"%s\""
                            .formatted(texted.cut().size(), shortened(texted.cut().getFirst())));
        }
        if (!texted.refused().isEmpty()) {
            findings.note(
                    "llama.cpp ends the process at a character without a piece: in %d texts, such as \"%s\"; byte pieces (--byte-fallback add) prevent that"
                            .formatted(
                                    texted.refused().size(),
                                    shortened(texted.refused().getFirst())));
        }
    }

    private static String shortened(String text) {
        String line = text.replace("\n", "\\n").replace("\t", "\\t");
        if (line.codePointCount(0, line.length()) <= 60) return line;
        return line.substring(0, line.offsetByCodePoints(0, 59)) + "…";
    }
}
