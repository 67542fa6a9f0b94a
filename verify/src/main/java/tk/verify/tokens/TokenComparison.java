package tk.verify.tokens;

import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.TokenType;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Encodes texts by the source's tokenizer and by the one llama.cpp makes of the GGUF.
 *
 * <p>What llama.cpp cannot do is no failure of the conversion, but is told: it has no SentencePiece
 * normalizer, so a text that the normalizer changes must be normalized by whoever calls it; where
 * the source knows no piece it says {@code <unk>} once for a run of characters, the GGUF a byte
 * token for each byte; and it may read the spelling of a control token as that token.
 *
 * @param cases how many texts the source encodes
 * @param same how many of them become the same tokens as they are
 * @param mismatches texts on which they differ although they should not
 * @param normalized texts that agree only once they are normalized as the source does
 * @param spelled texts in which the GGUF takes a spelled control token for that token
 * @param unknown texts with characters for which the source has no piece
 * @param refused texts that llama.cpp cannot encode, for want of byte pieces
 */
public record TokenComparison(
        int cases,
        int same,
        List<Difference> mismatches,
        List<String> normalized,
        List<String> spelled,
        List<String> unknown,
        List<String> refused) {
    /** Copies the lists. */
    public TokenComparison {
        mismatches = List.copyOf(mismatches);
        normalized = List.copyOf(normalized);
        spelled = List.copyOf(spelled);
        unknown = List.copyOf(unknown);
        refused = List.copyOf(refused);
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

    /** The two vocabularies of a comparison. */
    private record Pair(Vocabulary source, Vocabulary candidate) {

        boolean agree(int[] expected, int[] found) {
            if (Arrays.equals(expected, found)) return true;
            if (source.unknown().isEmpty()) return false;
            int at = 0;
            for (int id : expected) {
                if (at < found.length && found[at] == id && id != source.unknown().getAsInt()) {
                    at++;
                } else if (id == source.unknown().getAsInt()
                        && at < found.length
                        && isByte(found[at])) {
                    while (at < found.length && isByte(found[at])) at++;
                } else {
                    return false;
                }
            }
            return at == found.length;
        }

        private boolean isByte(int id) {
            return Vocabulary.isBytePiece(candidate.entries().get(id));
        }

        boolean hasUnknown(int[] ids) {
            return source.unknown().isPresent()
                    && Arrays.stream(ids).anyMatch(id -> id == source.unknown().getAsInt());
        }

        boolean agreeNormalized(String text, int[] expected) {
            return normalizations(text, expected).stream()
                    .map(candidate::encode)
                    .flatMap(Optional::stream)
                    .anyMatch(found -> agree(expected, found));
        }

        /**
         * The text as the source's normalizer leaves it: by itself, and by ways that need not know
         * it.
         */
        private List<String> normalizations(String text, int[] ids) {
            List<String> forms = new ArrayList<>();
            if (!hasUnknown(ids)) forms.add(source.tokenizer().decode(ids));
            if (source.tokenizer() instanceof SentencePieceTokenizer piece)
                forms.add(piece.normalize(text));
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

        /** Whether the candidate took a spelled special token for the token itself. */
        boolean readsSpelling(String text, int[] expected, int[] found) {
            for (int id : found) {
                Vocabulary.Entry token = candidate.entries().get(id);
                if (!token.types().contains(TokenType.NORMAL)
                        && text.contains(token.text())
                        && Arrays.stream(expected).noneMatch(other -> other == id)) {
                    return true;
                }
            }
            return false;
        }
    }

    /** Encodes every text with both, special tokens as text. */
    public static TokenComparison of(Vocabulary source, Vocabulary candidate, List<String> texts) {
        Pair pair = new Pair(source, candidate);
        List<Difference> mismatches = new ArrayList<>();
        List<String> normalized = new ArrayList<>();
        List<String> spelled = new ArrayList<>();
        List<String> unknown = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        int cases = 0;
        int same = 0;
        for (String text : texts) {
            Optional<int[]> encoded = candidate.encode(text);
            Optional<int[]> ofSource = source.encode(text);
            if (ofSource.isEmpty()) {
                // A GGUF is the source: what it has no token for, it can't be the measure of.
                (encoded.isEmpty() ? refused : unknown).add(text);
                continue;
            }
            int[] expected = ofSource.get();
            if (pair.hasUnknown(expected)) unknown.add(text);
            cases++;
            if (encoded.isPresent() && pair.agree(expected, encoded.get())) {
                same++;
            } else if (pair.agreeNormalized(text, expected)) {
                normalized.add(text);
            } else if (encoded.isEmpty() && source.unknown().isPresent()) {
                refused.add(text);
            } else if (encoded.isEmpty()) {
                mismatches.add(new Difference(text, list(expected), List.of()));
            } else if (pair.readsSpelling(text, expected, encoded.get())) {
                spelled.add(text);
            } else {
                mismatches.add(new Difference(text, list(expected), list(encoded.get())));
            }
        }
        return new TokenComparison(cases, same, mismatches, normalized, spelled, unknown, refused);
    }

    private static List<Integer> list(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }
}
