package tk.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.testing.Originals;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The vocabularies we write against convert_hf_to_gguf's: keys, types, values, order. */
@Tag("interop")
class ConverterVocabularyTest {
    @TempDir Path folder;

    @BeforeEach
    void findTheConverter() {
        Originals.converter();
    }

    @Test
    void aBareSentencePieceModel() throws Exception {
        copy(Shared.path("fixtures/minitr/tokenizer.model"), "tokenizer.model");
        compare(config("LlamaForCausalLM", 8000));
    }

    @Test
    void aPaddedVocabularyWithAddedTokens() throws Exception {
        copy(Shared.path("fixtures/tokenizers/llama2like_1k.model"), "tokenizer.model");
        write("added_tokens.json", "{\"<user>\": 1000, \"<far>\": 5000}");
        write(
                "tokenizer_config.json",
                """
                {"add_bos_token": true, "add_eos_token": false, "add_prefix_space": null,
                 "added_tokens_decoder": {
                   "0": {"content": "<unk>", "special": true}, "1": {"content": "<s>", "special": true},
                   "2": {"content": "</s>", "special": true},
                   "1001": {"content": "<|im_end|>", "special": false},
                   "1002": {"content": "a\u2581b", "special": false}},
                 "bos_token": "<s>", "eos_token": {"content": "</s>"}, "unk_token": "<unk>",
                 "legacy": true, "tokenizer_class": "LlamaTokenizer"}
                """);
        write("chat_template.jinja", "{{ messages }}\\r\\nx");
        compare(config("MistralForCausalLM", 1010).with("unk_token_id", JsonValue.of(0)));
    }

    @Test
    void aSentencePieceModelBesideATokenizerJson() throws Exception {
        copy(Shared.path("fixtures/tokenizers/llama2like_1k.model"), "tokenizer.model");
        JsonObject json =
                JsonVariants.all()
                        .get("llama2")
                        .get()
                        .with("post_processor", template("<s>", "</s>"))
                        .with("normalizer", JsonVariants.json("type", "NFC"));
        write("tokenizer.json", JsonText.PRETTY.write(json));
        write(
                "tokenizer_config.json",
                """
                {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "add_prefix_space": true,
                 "add_bos_token": false,
                 "chat_template": [{"name": "default", "template": "d"}, {"name": "tool-use", "template": "t"}]}
                """);
        compare(config("LlamaForCausalLM", 1000));
    }

    @Test
    void aTokenizerJsonInSentencePiecesManner() throws Exception {
        write("tokenizer.json", JsonText.PRETTY.write(JsonVariants.all().get("llama2").get()));
        write(
                "tokenizer_config.json",
                """
                {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
                 "tokenizer_class": "PreTrainedTokenizerFast"}
                """);
        compare(config("LlamaForCausalLM", 1000));
    }

    @Test
    void llama31s() throws Exception {
        copy(Originals.llama31Tokenizer().resolve("tokenizer.json"), "tokenizer.json");
        copy(
                Originals.llama31Tokenizer().resolve("tokenizer_config.json"),
                "tokenizer_config.json");
        compare(config("LlamaForCausalLM", 128256));
    }

    @Test
    void aPublishedFolder() throws Exception {
        Path published = Shared.path("third-party/hf/tiny-random-llama");
        try (var files = Files.list(published)) {
            for (Path file : files.toList()) {
                if (!file.toString().endsWith(".bin")) copy(file, file.getFileName().toString());
            }
        }
        compare(Json.readObject(folder.resolve("config.json")));
    }

    private static JsonObject template(String first, String last) {
        Object bos =
                JsonVariants.json("SpecialToken", JsonVariants.json("id", first, "type_id", 0));
        Object eos = JsonVariants.json("SpecialToken", JsonVariants.json("id", last, "type_id", 0));
        Object a = JsonVariants.json("Sequence", JsonVariants.json("id", "A", "type_id", 0));
        Object b = JsonVariants.json("Sequence", JsonVariants.json("id", "B", "type_id", 1));
        return JsonVariants.json(
                "type", "TemplateProcessing",
                "single", List.of(bos, a, eos),
                "pair", List.of(bos, a, eos, b, eos),
                "special_tokens",
                        JsonVariants.json(
                                first,
                                JsonVariants.json(
                                        "id", first, "ids", List.of(1), "tokens", List.of(first)),
                                last,
                                JsonVariants.json(
                                        "id", last, "ids", List.of(2), "tokens", List.of(last))));
    }

    private static JsonObject config(String architecture, int vocabSize) {
        return JsonVariants.json(
                "architectures", List.of(architecture),
                "model_type",
                        architecture.startsWith("Qwen2")
                                ? "qwen2"
                                : architecture.startsWith("Mistral") ? "mistral" : "llama",
                "hidden_size", 64,
                "intermediate_size", 128,
                "num_hidden_layers", 1,
                "num_attention_heads", 4,
                "num_key_value_heads", 2,
                "rms_norm_eps", 1e-5,
                "max_position_embeddings", 128,
                "vocab_size", vocabSize,
                "bos_token_id", 1,
                "eos_token_id", 2);
    }

    private void compare(JsonObject config) throws IOException, InterruptedException {
        write("config.json", JsonText.PRETTY.write(config));
        Path out = folder.resolve("vocab.gguf");
        Originals.run(Originals.converter(), folder, "--outfile", out, "--vocab-only");
        SequencedMap<String, GgufValue> expected;
        try (var gguf = new GgufReader().open(out)) {
            expected = tokenizerKeys(gguf.gguf());
        }
        int vocabSize =
                (int) (long) config.number("vocab_size").orElseThrow().asLong().orElseThrow();
        GgufMetadata.Builder builder = GgufMetadata.builder();
        VocabularyConversion.of(TokenizerFiles.in(folder), config, vocabSize).putInto(builder);
        SequencedMap<String, GgufValue> ours = tokenizerKeys(builder.build());
        assertThat(ours.keySet()).containsExactlyElementsOf(expected.keySet());
        expected.forEach(
                (key, value) -> {
                    assertThat(ours.get(key).type()).as(key).isEqualTo(value.type());
                    assertThat(plain(ours.get(key))).as(key).isEqualTo(plain(value));
                });
    }

    private static SequencedMap<String, GgufValue> tokenizerKeys(GgufMetadata gguf) {
        SequencedMap<String, GgufValue> keys = new LinkedHashMap<>(gguf.values());
        keys.keySet().removeIf(key -> !key.startsWith("tokenizer."));
        return keys;
    }

    private static Object plain(GgufValue value) {
        return switch (value) {
            case GgufValue.Floats(float[] list) -> Arrays.toString(list);
            case GgufValue.Numbers(var type, long[] list) -> type + Arrays.toString(list);
            case GgufValue.Texts(var list) -> List.copyOf(list);
            default -> value;
        };
    }

    private void copy(Path from, String name) throws IOException {
        Files.copy(from, folder.resolve(name));
    }

    private void write(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text);
    }
}
