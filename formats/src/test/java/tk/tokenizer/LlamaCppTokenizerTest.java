package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.TestAbortedException;

import tk.json.JsonValue.JsonObject;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;
import tk.tokenizer.VocabularyConversion.Fidelity;
import tk.tokenizer.VocabularyConversion.Options;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Our reading of the vocabularies we write against llama.cpp's own, on some four thousand texts and
 * on the lines of {@code -Dtk.texts=FILE}.
 */
@Tag("interop")
class LlamaCppTokenizerTest {
    private static final JsonObject NO_CONFIG = new JsonObject(new LinkedHashMap<>());

    @TempDir Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "tr_bpe8k",
                "tr_bpe32k",
                "tr_bpe1k",
                "tr_bpe8k_bf",
                "tr_bpe512_bf",
                "tr_uni8k",
                "llama2like_1k"
            })
    void readsSentencePieceVocabulariesAsLlamaCppDoes(String name) throws IOException {
        Path model = Shared.path("fixtures/tokenizers/" + name + ".model");
        int size = SentencePieceModel.read(model).pieces().size();
        GgufVocabulary vocabulary =
                VocabularyConversion.of(TokenizerFiles.of(model), NO_CONFIG, size)
                        .vocabulary()
                        .withBytePieces();
        List<String> texts = new ArrayList<>(lines());
        ExpectedTokens.read("fixtures/tokenizers/expected/" + name + ".json")
                .forEach(test -> texts.add(test.text()));
        compare(vocabulary, texts);
    }

    @Test
    void readsAUnigramModelAsT5() throws IOException {
        Path model = Shared.path("fixtures/tokenizers/tr_uni8k.model");
        GgufVocabulary vocabulary =
                VocabularyConversion.of(
                                TokenizerFiles.of(model),
                                NO_CONFIG,
                                8000,
                                new Options(Fidelity.TO_THE_TOKENIZER, Optional.empty()))
                        .vocabulary();
        compare(vocabulary, lines());
        // Which is the point of it: the source's ids.
        SentencePieceTokenizer source = SentencePieceTokenizer.read(model);
        GgufTokenizer ours = GgufTokenizer.of(vocabulary, "");
        int same = 0;
        List<String> lines =
                Files.readAllLines(Shared.path("third-party/text/ud-turkish-boun-test.txt"));
        for (String line : lines) {
            if (Arrays.equals(
                    source.encode(line, Specials.AS_TEXT), ours.encode(line, Specials.AS_TEXT))) {
                same++;
            }
        }
        assertThat(same).isEqualTo(lines.size());
    }

    @Test
    void readsALlama3LikeVocabularyAsLlamaCppDoes() throws IOException {
        compareJson(Shared.path("fixtures/llama3/tok"), 1856, Optional.empty(), lines());
    }

    @Test
    void readsLlama31sOwnVocabularyAsLlamaCppDoes() throws IOException {
        compareJson(Originals.llama31Tokenizer(), 128256, Optional.empty(), lines());
    }

    @ParameterizedTest
    @MethodSource("preTokenizers")
    void cutsWordsAsLlamaCppDoes(String pre) throws IOException {
        // Some of its expressions take a time that grows with the square of the text, all take
        // long.
        List<String> texts = new ArrayList<>();
        List<String> lines = lines();
        lines.removeIf(text -> text.length() > 600);
        for (int i = 0; i < lines.size(); i += 7) texts.add(lines.get(i));
        compareJson(Shared.path("fixtures/llama3/tok"), 1856, Optional.of(pre), texts);
    }

    /** One name for each kind. */
    static Collection<String> preTokenizers() {
        Map<GgufPreTokenizers.Known, String> names = new LinkedHashMap<>();
        for (String name : GgufPreTokenizers.names()) {
            names.putIfAbsent(GgufPreTokenizers.named(Optional.of(name)), name);
        }
        return names.values();
    }

    private void compareJson(Path tokenizer, int size, Optional<String> pre, List<String> texts) {
        GgufVocabulary vocabulary =
                VocabularyConversion.of(
                                TokenizerFiles.in(tokenizer),
                                NO_CONFIG,
                                size,
                                new Options(Fidelity.TO_THE_CONVERTER, pre))
                        .vocabulary();
        assertThat(vocabulary.pre()).isEqualTo(pre.or(() -> Optional.of("llama-bpe")));
        compare(vocabulary, texts);
    }

    /** Both ways over all texts; decoded without the space that llama.cpp leaves in. */
    private void compare(GgufVocabulary vocabulary, List<String> texts) {
        // Its regular expressions recurse a level a character.
        Thread deep = new Thread(null, () -> compareHere(vocabulary, texts), "llama.cpp", 1L << 30);
        List<Throwable> failures = new ArrayList<>();
        deep.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
        deep.start();
        try {
            deep.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        for (Throwable failure : failures) {
            if (failure instanceof TestAbortedException aborted) throw aborted;
            throw new AssertionError(failure.getMessage(), failure);
        }
    }

    private void compareHere(GgufVocabulary vocabulary, List<String> texts) {
        Path gguf = LlamaCppVocabulary.write(vocabulary, folder.resolve("vocabulary.gguf"));
        GgufTokenizer ours = GgufTokenizer.of(vocabulary, "");
        List<String> differences = new ArrayList<>();
        try (LlamaCppVocabulary original = new LlamaCppVocabulary(gguf)) {
            for (String text : texts) {
                for (Specials specials : Specials.values()) {
                    int[] expected = original.encode(text, specials);
                    int[] found = ours.encode(text, specials);
                    if (!Arrays.equals(found, expected)) {
                        differences.add(
                                "%s: %s, llama.cpp %s"
                                        .formatted(
                                                text,
                                                Arrays.toString(found),
                                                Arrays.toString(expected)));
                    }
                    // Its clean-up of spaces, which only byte-level vocabularies have, is left out.
                    byte[] bytes =
                            vocabulary.model().equals(GgufVocabulary.BPE)
                                    ? original.pieces(expected)
                                    : original.decode(expected);
                    String read = new String(bytes, StandardCharsets.UTF_8);
                    String decoded = ours.decode(expected);
                    if (!decoded.equals(read)) differences.add(decoded + ", llama.cpp " + read);
                }
            }
        }
        assertThat(differences).isEmpty();
        assertThat(texts).hasSizeGreaterThan(200);
    }

    private static List<String> lines() throws IOException {
        List<String> lines =
                new ArrayList<>(
                        Files.readAllLines(
                                Shared.path("third-party/text/ud-turkish-boun-test.txt")));
        lines.addAll(HostileTexts.all());
        String more = System.getProperty("tk.texts");
        if (more != null) lines.addAll(Files.readAllLines(Path.of(more)));
        return lines;
    }
}
