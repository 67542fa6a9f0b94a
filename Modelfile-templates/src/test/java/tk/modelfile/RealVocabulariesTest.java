package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.TemplateComparison.Verdict;
import tk.testing.Originals;
import tk.testing.Shared;
import tk.tokenizer.GgufTokenizer;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.VocabularyConversion;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The prompt templates against well-known models' own chat templates, by the ids of these models'
 * own vocabularies.
 */
@Tag("interop")
class RealVocabulariesTest {
    /** They take a while to build. */
    private static final Map<String, PromptTokens> TOKENS = new HashMap<>();

    @ParameterizedTest
    @CsvSource({
        // The package has the chat template of the first release, which is that of Llama 3.
        "llama3_1, 128256, llama3",
        "llama3, 128256, llama3",
        "llama2, 32000, llama2-chat",
        "qwen3, 151936, qwen3",
        "gemma3, 262208, gemma"
    })
    void promptsBecomeTheSameIds(String model, int rows, String family) {
        JsonObject config =
                Json.readObject(Originals.tokenizer(model).resolve("tokenizer_config.json"));
        // Meta gives its Llama 2 none.
        String chatTemplate =
                config.string("chat_template")
                        .orElse(PromptTemplate.named("llama2-chat").chatTemplate());
        become(model, rows, family, chatTemplate);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "meta-llama-Llama-3.1-8B-Instruct.jinja",
                "meta-llama-Llama-3.2-3B-Instruct.jinja"
            })
    void promptsWithToolsBecomeTheSameIdsOfLlama31(String file) throws IOException {
        String chatTemplate = Files.readString(Shared.path("third-party/chat-templates/" + file));
        become("llama3_1", 128256, "llama3.1", chatTemplate);
    }

    private static PromptTokens tokens(String model, int rows) {
        GgufVocabulary vocabulary =
                VocabularyConversion.of(
                                TokenizerFiles.in(Originals.tokenizer(model)),
                                new JsonObject(new LinkedHashMap<>())
                                        .with("model_type", JsonValue.of("llama")),
                                rows)
                        .vocabulary();
        return PromptTokens.of(GgufTokenizer.of(vocabulary, model));
    }

    private static void become(String model, int rows, String family, String chatTemplate) {
        PromptTokens tokens = TOKENS.computeIfAbsent(model, name -> tokens(name, rows));
        assertThat(tokens.specials()).containsKey("eos_token");

        TemplateChoice choice = TemplateChoice.of(Optional.of(chatTemplate), tokens);
        assertThat(choice.template().name()).isEqualTo(family);
        assertThat(choice.differences()).isEmpty();
        TemplateComparison comparison =
                TemplateComparison.of(
                        ChatPrompt.of(chatTemplate, tokens.specials()),
                        tk.gotemplate.OllamaTemplate.parse(choice.template().text()),
                        tokens);
        assertThat(comparison.firstDifference()).isEmpty();
        // With thinking on and off: each conversation twice.
        assertThat(comparison.outcomes().size() - comparison.count(Verdict.REFUSED))
                .isGreaterThanOrEqualTo(24);
    }
}
