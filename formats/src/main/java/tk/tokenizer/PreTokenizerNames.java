package tk.tokenizer;

import tk.error.UnsupportedException;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Under which name llama.cpp knows the pre-tokenizer of a tokenizer.json.
 *
 * <p>A published tokenizer is known by what it makes of a probe text, as convert_hf_to_gguf knows
 * it. That depends on the vocabulary, so that a home-trained tokenizer is unknown there; here it is
 * recognised by its structure: the steps, their expressions, and whether merges are ignored for
 * words that are tokens.
 */
final class PreTokenizerNames {
    /** The text that published tokenizers are known by. */
    private static final String PROBE =
            "\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n🚀 (normal) 😶\u200d🌫️ (multiple emojis"
                    + " concatenated) ✅ 🦙🦙 3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3"
                    + " 3...3 កាន់តែពិសេសអាច😁 ?我想在apple工作1314151天～ ------======= нещо на Български"
                    + " ''''''```````\"\"\"\"......!!!!!!?????? I've been 'told he's there, 'RE you sure?"
                    + " 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL";

    /** Texts on which pre-tokenizers differ, for the report of the nearest one. */
    private static final List<String> SAMPLES =
            List.of(
                    "Merhaba dünya",
                    " leading",
                    "two  spaces",
                    "trailing ",
                    "tab\tand\nline",
                    "\n\n",
                    "a\r\n\r\n b",
                    "1",
                    "12",
                    "123",
                    "1234",
                    "12345678",
                    "x12y",
                    " 42",
                    "3.14",
                    "½²Ⅷ",
                    "don't",
                    "DON'T we'Ve",
                    "Ankara'nın",
                    "'s 'tis",
                    "camelCaseWord",
                    "HTTPServer",
                    "İSTANBUL Istanbul",
                    "hello!",
                    "hello!!!\n",
                    " ???",
                    "a.b.c",
                    "//path/to",
                    "(x)=[y]",
                    "$100 + €5",
                    "a_b",
                    "e\u0301clair",
                    "日本語テキスト",
                    "中文abc中文",
                    "한국어",
                    "नमस्ते",
                    "🙂🙂",
                    " 🙂",
                    "a\u00a0b\u3000c",
                    "`code`",
                    "^~|<>");

    /** How many of the nearest are described. */
    private static final int SHOWN = 3;

    private PreTokenizerNames() {}

    /**
     * The name of a tokenizer's pre-tokenizer.
     *
     * @throws UnsupportedException where none that llama.cpp knows does the same
     */
    static String of(TokenizerJson tokenizer) {
        return published(tokenizer)
                .or(() -> byStructure(tokenizer))
                .orElseThrow(() -> unknown(tokenizer));
    }

    private static Optional<String> published(TokenizerJson tokenizer) {
        String ids = Arrays.toString(tokenizer.encodePrompt(PROBE));
        return Optional.ofNullable(Published.NAMES.get(sha256(ids)));
    }

    private static Optional<String> byStructure(TokenizerJson tokenizer) {
        if (!tokenizer.preTokenizer().byteLevel()) return Optional.empty();
        List<String> expressions = new ArrayList<>();
        for (String step : tokenizer.preTokenizer().structure()) {
            // What is between the matches dropped: the same, where an expression matches all there
            // is.
            String cut = step.replace("NOT REMOVED ", "ISOLATED ");
            if (!cut.startsWith("ISOLATED ")) return Optional.empty();
            expressions.add(cut.substring("ISOLATED ".length()));
        }
        boolean ignores = tokenizer.ignoresMerges();
        Optional<String> exact = new PreTokenizerSteps(expressions, ignores).name();
        if (exact.isPresent() || !tokenizer.mergesReachEveryToken()) return exact;
        // Where every token is what its bytes merge to, ignoring merges changes nothing.
        return new PreTokenizerSteps(expressions, !ignores).name();
    }

    /** How often a pre-tokenizer of llama.cpp's cuts the samples otherwise. */
    private record Near(String name, PreTokenizer known, List<String> differing) {
        String description(TokenizerJson tokenizer) {
            if (differing.isEmpty()) {
                return "%s cuts all of %d sample texts alike".formatted(name, SAMPLES.size());
            }
            String text = differing.getFirst();
            return "%s cuts %d of %d sample texts otherwise, first \"%s\": %s, here %s"
                    .formatted(
                            name,
                            differing.size(),
                            SAMPLES.size(),
                            visible(text),
                            theirs(known, text),
                            ours(tokenizer, text));
        }
    }

    private static UnsupportedException unknown(TokenizerJson tokenizer) {
        Map<List<String>, String> candidates = new LinkedHashMap<>();
        for (String name : GgufPreTokenizers.names()) {
            candidates.putIfAbsent(GgufPreTokenizers.named(Optional.of(name)).regexes(), name);
        }
        List<Near> nearest = new ArrayList<>();
        for (String name : candidates.values()) {
            PreTokenizer known = GgufPreTokenizers.named(Optional.of(name)).preTokenizer();
            List<String> differing =
                    SAMPLES.stream()
                            .filter(text -> !ours(tokenizer, text).equals(theirs(known, text)))
                            .toList();
            nearest.add(new Near(name, known, differing));
        }
        nearest.sort(Comparator.comparingInt(near -> near.differing().size()));
        return new UnsupportedException(
                "tokenizer.json: llama.cpp knows no such pre-tokenizer; the nearest: "
                        + String.join(
                                "; ",
                                nearest.stream()
                                        .limit(SHOWN)
                                        .map(near -> near.description(tokenizer))
                                        .toList()),
                "If one of these is right for the model, name it: --pre "
                        + String.join("|", nearest.stream().map(Near::name).toList()));
    }

    private static List<String> ours(TokenizerJson tokenizer, String text) {
        Splits splits = tokenizer.preTokenizer().apply(Splits.of(text, true));
        List<String> words = new ArrayList<>();
        int from = 0;
        for (int to : splits.ends()) {
            words.add(visible(splits.text().substring(from, to)));
            from = to;
        }
        return words;
    }

    private static List<String> theirs(PreTokenizer known, String text) {
        List<String> words = new ArrayList<>();
        known.cut(
                text, 0, text.length(), (from, to) -> words.add(visible(text.substring(from, to))));
        return words;
    }

    private static String visible(String text) {
        return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t");
    }

    private static String sha256(String text) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256")
                            .digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Names by the SHA-256 of the ids of the probe text, spelled as a Python list. */
    private static final class Published {
        static final Map<String, String> NAMES = read();

        private static Map<String, String> read() {
            Map<String, String> names = new HashMap<>();
            try (InputStream in =
                            PreTokenizerNames.class.getResourceAsStream("pre-tokenizers.txt");
                    var lines =
                            new BufferedReader(
                                    new InputStreamReader(
                                            java.util.Objects.requireNonNull(in),
                                            StandardCharsets.US_ASCII))) {
                lines.lines()
                        .filter(line -> !line.startsWith("#"))
                        .map(line -> line.split(" "))
                        .forEach(parts -> names.put(parts[1], parts[0]));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return Map.copyOf(names);
        }
    }
}
