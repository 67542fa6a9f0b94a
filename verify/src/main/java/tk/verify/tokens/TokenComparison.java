package tk.verify.tokens;

import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Encodes texts by the source's tokenizer and by the one llama.cpp makes of the GGUF.
 *
 * <p>What llama.cpp cannot do is no failure of the conversion, but is told: it has no SentencePiece
 * normalizer, so a text that the normalizer changes must be normalized by whoever calls it; where
 * the source knows no piece it says {@code <unk>} once for a run of characters, the GGUF a byte
 * token for each byte, and in a unigram vocabulary the other way round; it may read the spelling of
 * a control token as that token; and it cuts a text at user-defined pieces before anything else, so
 * that what follows one gets the space that else only a text's beginning gets.
 *
 * @param cases how many texts the source encodes
 * @param same how many of them become the same tokens as they are
 * @param mismatches texts on which they differ although they should not
 * @param normalized texts that agree only once they are normalized as the source does
 * @param spelled texts in which the GGUF takes a spelled control token for that token
 * @param unknown texts with characters for which the source has no piece
 * @param lost texts with characters that the source spells in bytes and llama.cpp does not
 * @param cut texts that agree only part by part, cut at user-defined pieces
 * @param refused texts that llama.cpp cannot encode, for want of byte pieces
 */
public record TokenComparison(
        int cases,
        int same,
        List<Difference> mismatches,
        List<String> normalized,
        List<String> spelled,
        List<String> unknown,
        List<String> lost,
        List<String> cut,
        List<String> refused) {
    /** Copies the lists. */
    public TokenComparison {
        mismatches = List.copyOf(mismatches);
        normalized = List.copyOf(normalized);
        spelled = List.copyOf(spelled);
        unknown = List.copyOf(unknown);
        lost = List.copyOf(lost);
        cut = List.copyOf(cut);
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
            int at = 0;
            int i = 0;
            while (i < expected.length) {
                if (at < found.length && isUnknown(expected[i]) && isByte(candidate, found[at])) {
                    at = endOfBytes(candidate, found, at);
                    i++;
                } else if (at < found.length
                        && saysUnknown(found[at])
                        && isByte(source, expected[i])) {
                    i = endOfBytes(source, expected, i);
                    at++;
                } else if (at < found.length
                        && found[at] == expected[i]
                        && !isUnknown(expected[i])) {
                    at++;
                    i++;
                } else {
                    return false;
                }
            }
            return at == found.length;
        }

        private static int endOfBytes(Vocabulary vocabulary, int[] ids, int from) {
            int end = from;
            while (end < ids.length && isByte(vocabulary, ids[end])) end++;
            return end;
        }

        private boolean isUnknown(int id) {
            return source.unknown().isPresent() && id == source.unknown().getAsInt();
        }

        private boolean saysUnknown(int id) {
            return candidate.entries().get(id).types().contains(TokenType.UNKNOWN);
        }

        /** Whether characters that the source spells in bytes became the unknown token. */
        boolean losesBytes(int[] expected, int[] found) {
            return Arrays.stream(expected).anyMatch(id -> isByte(source, id))
                    && Arrays.stream(found).anyMatch(this::saysUnknown);
        }

        /**
         * Whether the candidate's tokens are those of the parts of the text between the source's
         * user-defined pieces, and each part's tokens by itself are the source's; as it is or
         * normalized. Special tokens are parsed, as in prompts: llama.cpp takes user-defined pieces
         * such as {@code <|im_end|>} for those.
         */
        boolean agreesInParts(String text, int[] expected) {
            return agreesInParts(text)
                    || normalizations(text, expected).stream().anyMatch(this::agreesInParts);
        }

        private boolean agreesInParts(String text) {
            List<String> symbols =
                    source.entries().stream()
                            .filter(entry -> entry.types().contains(TokenType.USER_DEFINED))
                            .map(Vocabulary.Entry::text)
                            .filter(text::contains)
                            .sorted(Comparator.comparingInt(String::length).reversed())
                            .toList();
            if (symbols.isEmpty()) return false;
            Matcher symbol =
                    Pattern.compile(
                                    symbols.stream()
                                            .map(Pattern::quote)
                                            .collect(Collectors.joining("|")))
                            .matcher(text);
            IntStream joined = IntStream.empty();
            int from = 0;
            while (symbol.find()) {
                Optional<IntStream> before = agreed(text.substring(from, symbol.start()));
                Optional<IntStream> itself = agreed(symbol.group());
                if (before.isEmpty() || itself.isEmpty()) return false;
                joined = IntStream.concat(joined, IntStream.concat(before.get(), itself.get()));
                from = symbol.end();
            }
            Optional<IntStream> rest = agreed(text.substring(from));
            return rest.isPresent()
                    && Arrays.equals(IntStream.concat(joined, rest.get()).toArray(), parsed(text));
        }

        private int[] parsed(String text) {
            return candidate.tokenizer().encode(text, Tokenizer.Specials.PARSE);
        }

        /** The candidate's tokens of a part, if they are the source's, a space before it aside. */
        private Optional<IntStream> agreed(String part) {
            Optional<int[]> expected = source.encode(part);
            if (expected.isEmpty() || candidate.encode(part).isEmpty()) return Optional.empty();
            int[] found = parsed(part);
            boolean agreed =
                    agree(expected.get(), found)
                            || agree(withoutSpace(expected.get()), found)
                            || agreeNormalized(part, expected.get());
            return agreed ? Optional.of(Arrays.stream(found)) : Optional.empty();
        }

        private int[] withoutSpace(int[] ids) {
            boolean spaced = ids.length > 0 && source.entries().get(ids[0]).text().equals("\u2581");
            return spaced ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
        }

        /**
         * Whether a unigram model gives both the same probability, but for the rounding of its sum:
         * either is right.
         */
        boolean areTied(int[] expected, int[] found) {
            return source.tokenizer() instanceof SentencePieceTokenizer piece
                    && piece.model().algorithm() == SentencePieceModel.Algorithm.UNIGRAM
                    && text(source, expected).equals(text(candidate, found))
                    && Math.abs(score(source, expected) - score(candidate, found))
                            <= 1e-5 * Math.abs(score(source, expected));
        }

        private static String text(Vocabulary vocabulary, int[] ids) {
            return Arrays.stream(ids)
                    .mapToObj(id -> vocabulary.entries().get(id).text())
                    .collect(Collectors.joining());
        }

        private static double score(Vocabulary vocabulary, int[] ids) {
            return Arrays.stream(ids).mapToDouble(id -> vocabulary.entries().get(id).score()).sum();
        }

        private static boolean isByte(Vocabulary vocabulary, int id) {
            return Vocabulary.isBytePiece(vocabulary.entries().get(id));
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
        List<String> lost = new ArrayList<>();
        List<String> cut = new ArrayList<>();
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
            if (encoded.isPresent() && pair.losesBytes(expected, encoded.get())) lost.add(text);
            cases++;
            if (encoded.isPresent()
                    && (pair.agree(expected, encoded.get())
                            || pair.areTied(expected, encoded.get()))) {
                same++;
            } else if (pair.agreeNormalized(text, expected)) {
                normalized.add(text);
            } else if (encoded.isEmpty() && source.unknown().isPresent()) {
                refused.add(text);
            } else if (encoded.isEmpty()) {
                mismatches.add(new Difference(text, list(expected), List.of()));
            } else if (pair.readsSpelling(text, expected, encoded.get())) {
                spelled.add(text);
            } else if (pair.agreesInParts(text, expected)) {
                cut.add(text);
            } else {
                mismatches.add(new Difference(text, list(expected), list(encoded.get())));
            }
        }
        return new TokenComparison(
                cases, same, mismatches, normalized, spelled, unknown, lost, cut, refused);
    }

    private static List<Integer> list(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }
}
