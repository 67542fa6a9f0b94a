package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.tokenizer.Tokenizer.Specials;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** Our reading of the vocabularies we write against llama.cpp's own. */
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

    /** Both ways over all texts; decoded without the space that llama.cpp leaves in. */
    private void compare(GgufVocabulary vocabulary, List<String> texts) {
        Path gguf = LlamaCppVocabulary.write(vocabulary, folder.resolve("vocabulary.gguf"));
        GgufTokenizer ours = GgufTokenizer.of(vocabulary, "");
        SoftAssertions all = new SoftAssertions();
        try (LlamaCppVocabulary original = new LlamaCppVocabulary(gguf)) {
            for (String text : texts) {
                for (Specials specials : Specials.values()) {
                    int[] expected = original.encode(text, specials);
                    all.assertThat(ours.encode(text, specials)).as(text).isEqualTo(expected);
                    all.assertThat(ours.decode(expected))
                            .isEqualTo(
                                    new String(original.decode(expected), StandardCharsets.UTF_8));
                }
            }
        }
        all.assertAll();
        assertThat(texts).hasSizeGreaterThan(200);
    }

    private static List<String> lines() throws IOException {
        List<String> lines =
                new ArrayList<>(
                        Files.readAllLines(
                                Shared.path("third-party/text/ud-turkish-boun-test.txt")));
        lines.addAll(HostileTexts.all());
        return lines;
    }
}
