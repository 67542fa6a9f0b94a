package tk.model;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.Sha256;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufValueType;
import tk.gguf.GgufWriter;
import tk.json.JsonText;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource.Options;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ModelSummaryTest {
    @TempDir private Path folder;

    private static ModelSummary summary(Path path) {
        try (ModelSource source = ModelSource.open(path, Options.NONE)) {
            return ModelSummary.of(source);
        }
    }

    private void weights() {
        new PlanWriter(1, Progress.NONE)
                .write(
                        SafetensorsWriter.plan(
                                Pattern.checkpoint(Pattern.of("a", DType.BF16, 2, 3)),
                                Map.of("format", "pt"),
                                folder.resolve("model.safetensors")),
                        false);
    }

    @Test
    void showsTensorsAsScriptsRelyOn() {
        weights();
        try (ModelSource source = ModelSource.open(folder, Options.NONE)) {
            String sha = Sha256.of(Pattern.tensor(source.weights(), "a"));
            assertThat(JsonText.COMPACT.write(ModelSummary.of(source).json(true)))
                    .isEqualTo(
                            """
                            {"format":"safetensors","architecture":null,"parameters":6,"bytes":12,\
                            "tensors":[{"name":"a","dtype":"BF16","shape":[2,3],"bytes":12,"sha256":"%s"}],\
                            "metadata":{"format":"pt"},"tokenizer":{}}"""
                                    .formatted(sha));
        }
    }

    @Test
    void showsEveryKindOfGgufValueUnderItsKey() {
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.architecture", GgufValue.text("llama"))
                        .put("eps", GgufValue.f32(1e-5f))
                        .put("nan", GgufValue.f32(Float.NaN))
                        .put("large", new GgufValue.Whole(GgufValueType.U64, -1))
                        .put("flag", GgufValue.bool(true))
                        .put("texts", GgufValue.texts(List.of("ğ", "b")))
                        .put("floats", GgufValue.floats(new float[] {0.1f, -3}))
                        .put(
                                "doubles",
                                new GgufValue.Numbers(
                                        GgufValueType.F64,
                                        new long[] {Double.doubleToRawLongBits(0.5)}))
                        .put("bools", new GgufValue.Numbers(GgufValueType.BOOL, new long[] {0, 1}))
                        .build();
        Path file = folder.resolve("model.gguf");
        new PlanWriter(1, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                metadata, Pattern.checkpoint(Pattern.of("a", DType.F32, 4)), file),
                        false);
        ModelSummary summary = summary(file);
        assertThat(summary.architecture()).contains("llama");
        assertThat(JsonText.COMPACT.write(summary.metadata()))
                .isEqualTo(
                        "{\"general.architecture\":\"llama\",\"eps\":1e-05,\"nan\":\"NaN\","
                                + "\"large\":18446744073709551615,\"flag\":true,\"texts\":[\"ğ\",\"b\"],"
                                + "\"floats\":[0.1,-3.0],\"doubles\":[0.5],\"bools\":[false,true]}");
        assertThat(summary.tokenizer()).isEmpty();
    }

    @Test
    void tellsWhatIsWrongBesideTheWeightsWithoutFailing() throws IOException {
        weights();
        Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"gpt2\"}");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\":");
        ModelSummary summary = summary(folder);
        assertThat(summary.architecture()).contains("gpt2");
        assertThat(summary.problems()).hasSize(1).first().asString().contains("gpt2");
        assertThat(summary.tokenizer().orElseThrow().problem().orElseThrow())
                .contains("tokenizer.json");
        JsonObject json = summary.json(false);
        assertThat(json.array("problems")).isPresent();
    }

    @Test
    void readsAByteLevelTokenizerInPassing() throws IOException {
        weights();
        Files.write(
                folder.resolve("tokenizer.json"),
                """
                {"version":"1.0","added_tokens":[{"id":7,"content":"<s>","special":true}],
                 "model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[["a","b"]]}}
                """
                        .getBytes(UTF_8));
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"chat_template\":\"{{ x }}\"}");
        TokenizerSummary tokenizer = summary(folder).tokenizer().orElseThrow();
        assertThat(tokenizer.kind()).isEqualTo("tokenizer.json BPE");
        assertThat(tokenizer.size()).contains(8);
        assertThat(tokenizer.chatTemplate()).isTrue();
        assertThat(tokenizer.files()).containsExactly("tokenizer.json", "tokenizer_config.json");
    }

    @Test
    void countsATiedHeadOnce() {
        ModelSummary summary = summary(Shared.path("fixtures/minitr/turkish_llm_mini.pt"));
        assertThat(summary.parameters()).isEqualTo(7_163_136);
        assertThat(summary.tensors()).hasSize(57);
        assertThat(summary.architecture()).contains("LlamaForCausalLM");
        TokenizerSummary tokenizer = summary.tokenizer().orElseThrow();
        assertThat(tokenizer.kind()).isEqualTo("SentencePiece BPE");
        assertThat(tokenizer.size()).contains(8000);
        assertThat(tokenizer.byteFallback()).contains(false);
        assertThat(tokenizer.special()).containsEntry("bos", 1).containsEntry("eos", 2);
    }

    @Test
    void describesRealFiles() {
        ModelSummary story = summary(Shared.path("third-party/gguf/stories260K.gguf"));
        assertThat(story.format()).isEqualTo("GGUF");
        assertThat(story.architecture()).contains("llama");
        assertThat(story.tokenizer().orElseThrow().size()).contains(512);
        TokenizerSummary llama3 =
                summary(Shared.path("fixtures/llama3/base/hf")).tokenizer().orElseThrow();
        assertThat(llama3.kind()).isEqualTo("tokenizer.json BPE");
        assertThat(llama3.size()).contains(1856);
    }

    @Test
    void readsTheShapesWhereNoConfigDoes() throws IOException {
        Path pt = Shared.path("fixtures/minitr/turkish_llm_mini.pt");
        Path alone = Files.copy(pt, folder.resolve("alone.pt"));
        ModelSummary summary = summary(alone);
        assertThat(summary.architecture()).isEmpty();
        assertThat(summary.inferred().orElseThrow().hidden()).isEqualTo(256);
        assertThat(summary.tokenizer()).isEmpty();
    }
}
