package tk.verify.tokens;

import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Encodes texts by the source's tokenizer and by the one llama.cpp makes of the GGUF.
 *
 * <p>What llama.cpp cannot do is no failure of the conversion, but is told: it has no SentencePiece
 * normalizer, so a text that the normalizer changes must be normalized by whoever calls it; where
 * the source knows no piece it says {@code <unk>} once for a run of characters, the GGUF a byte
 * token for each byte; and it may read the spelling of a control token as that token.
 *
 * @param cases how many texts were encoded by both
 * @param mismatches texts on which they differ although they should not
 * @param normalized texts that agree only once they are normalized as the source does
 * @param spelled texts in which the GGUF takes a spelled control token for that token
 * @param unknown texts with characters for which the source has no piece
 */
public record TokenComparison(
        int cases,
        List<Difference> mismatches,
        List<String> normalized,
        List<String> spelled,
        List<String> unknown) {
    /** Copies the lists. */
    public TokenComparison {
        mismatches = List.copyOf(mismatches);
        normalized = List.copyOf(normalized);
        spelled = List.copyOf(spelled);
        unknown = List.copyOf(unknown);
    }

    /**
     * A text that became different tokens.
     *
     * @param text as given
     * @param expected the source tokenizer's ids
     * @param found the candidate's
     */
    public record Difference(String text, List<Integer> expected, List<Integer> found) {
        /** Copies the lists. */
        public Difference {
            expected = List.copyOf(expected);
            found = List.copyOf(found);
        }
    }

    /** The two tokenizers of a comparison. */
    private record Pair(
            Tokenizer source, OptionalInt unknownId, Tokenizer candidate, GgufVocabulary gguf) {

        boolean agree(int[] expected, int[] found) {
            if (Arrays.equals(expected, found)) return true;
            if (unknownId.isEmpty()) return false;
            int at = 0;
            for (int id : expected) {
                if (at < found.length && found[at] == id && id != unknownId.getAsInt()) {
                    at++;
                } else if (id == unknownId.getAsInt() && at < found.length && isByte(found[at])) {
                    while (at < found.length && isByte(found[at])) at++;
                } else {
                    return false;
                }
            }
            return at == found.length;
        }

        private boolean isByte(int id) {
            return type(id) == TokenType.BYTE;
        }

        private TokenType type(int id) {
            return gguf.tokens().get(id).type();
        }

        boolean hasUnknown(int[] ids) {
            return unknownId.isPresent()
                    && Arrays.stream(ids).anyMatch(id -> id == unknownId.getAsInt());
        }

        /** The text as the source's normalizer leaves it, by two ways that need not know it. */
        List<String> normalizations(String text, int[] ids) {
            List<String> forms = new ArrayList<>();
            if (!hasUnknown(ids)) forms.add(source.decode(ids));
            String nfkc = Normalizer.normalize(text, Normalizer.Form.NFKC);
            StringBuilder plain = new StringBuilder();
            nfkc.codePoints()
                    .forEach(
                            c -> {
                                if (Character.isWhitespace(c) || Character.isSpaceChar(c)) {
                                    plain.append(' ');
                                } else if (!Character.isISOControl(c)
                                        && Character.getType(c) != Character.FORMAT) {
                                    plain.appendCodePoint(c);
                                }
                            });
            forms.add(plain.toString());
            forms.add(plain.toString().strip().replaceAll(" +", " "));
            forms.removeIf(form -> form.equals(text));
            return forms;
        }

        /** Whether the candidate took a spelled control token for the token itself. */
        boolean readsSpelling(String text, int[] expected, int[] found) {
            boolean control =
                    Arrays.stream(found)
                            .anyMatch(
                                    id ->
                                            isHidden(type(id))
                                                    && text.contains(gguf.tokens().get(id).text())
                                                    && Arrays.stream(expected)
                                                            .noneMatch(e -> e == id));
            return control;
        }

        private static boolean isHidden(TokenType type) {
            return type == TokenType.CONTROL
                    || type == TokenType.UNKNOWN
                    || type == TokenType.BYTE
                    || type == TokenType.USER_DEFINED;
        }
    }

    /**
     * Encodes every text with both.
     *
     * @param unknownId the source's token for what it has no piece for, where it has one
     * @param gguf the candidate's vocabulary
     */
    public static TokenComparison of(
            Tokenizer source,
            OptionalInt unknownId,
            Tokenizer candidate,
            GgufVocabulary gguf,
            List<String> texts) {
        Pair pair = new Pair(source, unknownId, candidate, gguf);
        List<Difference> mismatches = new ArrayList<>();
        List<String> normalized = new ArrayList<>();
        List<String> spelled = new ArrayList<>();
        List<String> unknown = new ArrayList<>();
        for (String text : texts) {
            int[] expected = source.encode(text, Specials.AS_TEXT);
            if (pair.hasUnknown(expected)) unknown.add(text);
            int[] found = candidate.encode(text, Specials.AS_TEXT);
            if (pair.agree(expected, found)) continue;
            if (pair.normalizations(text, expected).stream()
                    .anyMatch(
                            form ->
                                    pair.agree(
                                            expected, candidate.encode(form, Specials.AS_TEXT)))) {
                normalized.add(text);
            } else if (pair.readsSpelling(text, expected, found)) {
                spelled.add(text);
            } else {
                mismatches.add(new Difference(text, list(expected), list(found)));
            }
        }
        return new TokenComparison(texts.size(), mismatches, normalized, spelled, unknown);
    }

    private static List<Integer> list(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }
}
