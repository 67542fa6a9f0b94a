package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.TransformersModels.Conversion;
import tk.error.UnsupportedException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.TokenType;
import tk.tokenizer.Tokenizer;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.TokenizerJson;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Tokenizers of every kind that python's libraries make: our ids beside theirs, and those of the
 * folder that a GGUF file is made into again.
 */
@Tag("interop")
class TokenizerInteropTest {
    /** transformers reads every tokenizer of a Qwen2 model as Qwen2's, whatever its files say. */
    private static final Set<String> READ_OTHERWISE = Set.of("as-qwen2");

    @TempDir static Path folder;

    @TestFactory
    Stream<DynamicTest> everyKindOfTokenizer() throws IOException, InterruptedException {
        TransformersModels python = new TransformersModels(folder);
        List<Path> models = python.made("make_tokenizers.py");
        List<DynamicTest> tests = new ArrayList<>();
        Path texts = folder.resolve("texts.json");
        Files.writeString(
                texts,
                JsonText.PRETTY.write(
                        JsonValue.of(List.copyOf(expected(models.getFirst()).keySet()))));
        List<Object> arguments = new ArrayList<>(List.of(texts));
        for (Path model : models) {
            String name = String.valueOf(model.getFileName());
            tests.add(dynamicTest(name, () -> givesTheLibrarysIds(model)));
            Conversion conversion = Conversion.of(model, "f16", folder);
            if (conversion.isUnknown() || READ_OTHERWISE.contains(name)) continue;
            assertThat(conversion.byTk().exit()).as(name).isZero();
            Path again = folder.resolve("again-" + name);
            CommandLineTest.Run run = tk("convert", conversion.own(), again);
            assertThat(run.exit()).as(name + run.err()).isZero();
            arguments.add(again);
            tests.add(dynamicTest(name + " again", () -> comesBack(conversion.own(), again)));
        }
        python.run("folder_ids.py", arguments.toArray());
        return tests.stream();
    }

    private static Map<String, int[]> expected(Path model) {
        Map<String, int[]> expected = new LinkedHashMap<>();
        for (JsonValue row : ((JsonArray) Json.read(model.resolve("ids.json"))).items()) {
            List<JsonValue> pair = ((JsonArray) row).items();
            expected.put(((JsonString) pair.get(0)).value(), ids(pair.get(1)));
        }
        return expected;
    }

    private static int[] ids(JsonValue list) {
        return ((JsonArray) list)
                .items().stream()
                        .mapToLong(id -> ((JsonNumber) id).asLong().orElseThrow())
                        .mapToInt(Math::toIntExact)
                        .toArray();
    }

    private static void givesTheLibrarysIds(Path model) {
        TokenizerFiles files = TokenizerFiles.in(model);
        Optional<Path> pieces = files.model();
        Tokenizer tokenizer =
                pieces.isPresent()
                        ? SentencePieceTokenizer.of(SentencePieceModel.read(pieces.get()))
                        : TokenizerJson.read(files.json().orElseThrow());
        Specials specials = pieces.isPresent() ? Specials.AS_TEXT : Specials.PARSE;
        expected(model)
                .forEach(
                        (text, ids) ->
                                assertThat(tokenizer.encode(text, specials))
                                        .as(text)
                                        .containsExactly(ids));
    }

    private static void comesBack(Path gguf, Path again) throws IOException {
        List<String> texts = new ArrayList<>();
        for (JsonValue text : ((JsonArray) Json.read(folder.resolve("texts.json"))).items()) {
            texts.add(((JsonString) text).value());
        }
        List<JsonValue> found = ((JsonArray) Json.read(again.resolve("transformers.json"))).items();
        try (GgufFile file = new GgufReader().open(gguf)) {
            GgufTokenizer ours = GgufTokenizer.of(file.gguf());
            int compared = 0;
            for (int i = 0; i < texts.size(); i++) {
                Optional<int[]> expected = inLlamaCpp(ours, texts.get(i));
                if (expected.isEmpty()) continue;
                assertThat(ids(found.get(i))).as(texts.get(i)).containsExactly(expected.get());
                compared++;
            }
            // convert_hf_to_gguf gives a tokenizer.json's pieces all one score.
            boolean anyScore = !gguf.getFileName().toString().startsWith("metaspace");
            assertThat(compared > 0).isEqualTo(anyScore);
        }
    }

    /**
     * llama.cpp's ids, where transformers' should be the same. llama.cpp ends where a character has
     * neither piece nor bytes. transformers puts no space before a text that starts with one, nor
     * before text after a special token, and among pieces of one score it has an order of its own.
     */
    private static Optional<int[]> inLlamaCpp(GgufTokenizer tokenizer, String text) {
        GgufVocabulary vocabulary = tokenizer.vocabulary();
        boolean pieces = vocabulary.model().equals(GgufVocabulary.SPM);
        boolean startsWithSpace = text.startsWith(" ") || text.startsWith("\u2581");
        boolean scored =
                vocabulary.tokens().stream()
                        .anyMatch(
                                token -> token.type() == TokenType.NORMAL && token.score() > -999);
        if (pieces && (startsWithSpace || !scored)) return Optional.empty();
        String normalized = pieces ? text : normalized(text, vocabulary);
        if (pieces || !normalized.equals(text)) {
            for (Token token : vocabulary.tokens()) {
                boolean added =
                        token.type() == TokenType.CONTROL || token.type() == TokenType.USER_DEFINED;
                if (added && normalized.contains(token.text())) return Optional.empty();
            }
        }
        try {
            return Optional.of(tokenizer.encode(normalized, Specials.PARSE));
        } catch (UnsupportedException e) {
            return Optional.empty();
        }
    }

    /** What the file's flags ask for, which llama.cpp doesn't look at and transformers does. */
    private static String normalized(String text, GgufVocabulary vocabulary) {
        String normalized = text;
        if (vocabulary.normalizers().getOrDefault("nfc", false)) {
            normalized = Normalizer.normalize(normalized, Normalizer.Form.NFC);
        }
        if (vocabulary.normalizers().getOrDefault("lowercase", false)) {
            normalized = normalized.toLowerCase(Locale.ROOT);
        }
        if (vocabulary.normalizers().getOrDefault("strip_accents", false)) {
            normalized = normalized.replaceAll("\\p{Mn}", "");
        }
        return normalized;
    }
}
