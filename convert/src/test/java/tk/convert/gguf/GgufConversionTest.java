package tk.convert.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import tk.convert.FamilyTable;
import tk.convert.FamilyTables;
import tk.convert.HfModel;
import tk.convert.KeyMap;
import tk.convert.TinyModel;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.Family;
import tk.hf.ModelConfig;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

class GgufConversionTest {
    private static HfModel model(Family family, Map<String, Object> settings) {
        ModelConfig config = TinyModel.config(family.architecture(), settings);
        List<Tensor> tensors =
                TinyModel.tensors(FamilyTables.of(family.architecture()), config, name -> name);
        return HfModel.of("model", TinyModel.checkpoint(tensors), config, KeyMap.NONE);
    }

    private static GgufConversion convert(HfModel model, OutType type, ModelOrigin origin) {
        return GgufConversion.of(
                model,
                origin,
                builder -> builder.put("tokenizer.ggml.model", GgufValue.text("none")),
                new GgufConversion.Options(
                        type, Optional.empty(), TensorOrder.BY_NAME, Optional.empty()));
    }

    private static GgufConversion convert(Family family, Map<String, Object> settings) {
        return convert(model(family, settings), OutType.F32, ModelOrigin.named("tiny"));
    }

    static Stream<FamilyTable> families() {
        return FamilyTables.all().stream();
    }

    @Test
    void writesTheKeysInOrder() {
        GgufConversion conversion = convert(Family.LLAMA, Map.of());
        assertThat(conversion.metadata().values().keySet())
                .containsExactly(
                        "general.architecture",
                        "general.type",
                        "general.name",
                        "general.size_label",
                        "llama.block_count",
                        "llama.context_length",
                        "llama.embedding_length",
                        "llama.feed_forward_length",
                        "llama.attention.head_count",
                        "llama.attention.head_count_kv",
                        "llama.rope.freq_base",
                        "llama.attention.layer_norm_rms_epsilon",
                        "llama.attention.key_length",
                        "llama.attention.value_length",
                        "general.file_type",
                        "llama.vocab_size",
                        "llama.rope.dimension_count",
                        "general.quantization_version",
                        "tokenizer.ggml.model");
        assertThat(conversion.metadata().string("general.name")).hasValue("Tiny");
        assertThat(conversion.metadata().integer("llama.attention.key_length")).hasValue(6);
    }

    @Test
    void tensorsComeInTheOrderOfTheirHuggingFaceNames() {
        assertThat(convert(Family.LLAMA, Map.of()).weights().tensors().keySet())
                .startsWith(
                        "output.weight",
                        "token_embd.weight",
                        "blk.0.attn_norm.weight",
                        "blk.0.ffn_down.weight",
                        "blk.0.ffn_gate.weight",
                        "blk.0.ffn_up.weight",
                        "blk.0.ffn_norm.weight",
                        "blk.0.attn_k.weight",
                        "blk.0.attn_output.weight",
                        "blk.0.attn_q.weight",
                        "blk.0.attn_v.weight",
                        "blk.1.attn_norm.weight")
                .endsWith("output_norm.weight");
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void vectorsAndNormsStayF32(OutType type) {
        HfModel model = model(Family.QWEN2, Map.of());
        convert(model, type, ModelOrigin.named("tiny"))
                .weights()
                .tensors()
                .forEach(
                        (name, tensor) -> {
                            boolean matrix = name.endsWith(".weight") && !name.contains("_norm");
                            assertThat(tensor.info().dtype())
                                    .as(name)
                                    .isEqualTo(matrix ? DType.valueOf(type.name()) : DType.F32);
                        });
    }

    @ParameterizedTest
    @MethodSource("families")
    void comesBackToTheSameModel(FamilyTable table) {
        Family family = table.family();
        HfModel model =
                model(
                        family,
                        Map.of(
                                "rms_norm_eps",
                                1e-5,
                                "attention_bias",
                                family != Family.QWEN3, // llama.cpp has none there
                                "bos_token_id",
                                1,
                                "rope_theta",
                                5e5));
        GgufConversion there = convert(model, OutType.F32, ModelOrigin.named("tiny"));
        ModelConfig config = GgufConfig.of("t.gguf", there.metadata(), there.weights());
        HfModel back = HfModel.of("t.gguf", there.weights(), config, KeyMap.NONE);
        if (family != Family.MISTRAL) {
            assertThat(config.architecture()).isEqualTo(family.architecture());
        }
        assertThat(config.rope()).isEqualTo(model.config().rope());
        assertThat(config.normEps()).isEqualTo(1e-5);
        assertThat(config.headDim()).isEqualTo(6);
        assertThat(config.attentionBias()).isEqualTo(model.config().attentionBias());
        assertThat(back.weights().tensors().keySet())
                .containsExactlyInAnyOrderElementsOf(model.weights().tensors().keySet());
        model.weights()
                .tensors()
                .forEach(
                        (name, tensor) ->
                                assertThat(TinyModel.bytes(back.weights().tensors().get(name)))
                                        .as(name)
                                        .isEqualTo(TinyModel.bytes(tensor)));
    }

    static Stream<Map<String, Object>> scalings() {
        return Stream.of(
                Map.of("rope_type", "linear", "factor", 2.5),
                Map.of(
                        "rope_type",
                        "yarn",
                        "factor",
                        4.0,
                        "original_max_position_embeddings",
                        64,
                        "beta_fast",
                        30.0,
                        "attention_factor",
                        1.25),
                Map.of(
                        "rope_type",
                        "longrope",
                        "short_factor",
                        List.of(1.0, 1.5, 2.0),
                        "long_factor",
                        List.of(1.0, 3.0, 8.5),
                        "attention_factor",
                        1.2,
                        "factor",
                        32.0,
                        "original_max_position_embeddings",
                        64));
    }

    @ParameterizedTest
    @MethodSource("scalings")
    void ropeScalingComesBack(Map<String, Object> scaling) {
        HfModel model =
                model(
                        Family.LLAMA,
                        Map.of("rope_parameters", scaling, "max_position_embeddings", 2048));
        GgufConversion there = convert(model, OutType.F32, ModelOrigin.named("tiny"));
        ModelConfig config = GgufConfig.of("t.gguf", there.metadata(), there.weights());
        assertThat(config.rope()).isEqualTo(model.config().rope());
    }

    @Test
    void llama3sScalingBecomesATensorAndComesBack() {
        Map<String, Object> scaling =
                Map.of(
                        "rope_type",
                        "llama3",
                        "factor",
                        8,
                        "low_freq_factor",
                        1,
                        "high_freq_factor",
                        4,
                        "original_max_position_embeddings",
                        1024);
        HfModel model = model(Family.LLAMA, Map.of("rope_parameters", scaling, "head_dim", 16));
        GgufConversion there = convert(model, OutType.BF16, ModelOrigin.named("tiny"));
        assertThat(there.weights().tensors().firstEntry().getKey()).isEqualTo("rope_freqs.weight");
        assertThat(there.metadata().values()).doesNotContainKey("llama.rope.scaling.type");
        assertThat(GgufConfig.of("t.gguf", there.metadata(), there.weights()).rope())
                .isEqualTo(model.config().rope());
    }

    @Test
    void whatLlamaCppCannotScaleIsRefusedOrTold() {
        Map<String, Object> llama3 =
                Map.of(
                        "rope_type",
                        "llama3",
                        "factor",
                        8,
                        "low_freq_factor",
                        1,
                        "high_freq_factor",
                        4,
                        "original_max_position_embeddings",
                        1024);
        assertThatThrownBy(() -> convert(Family.QWEN2, Map.of("rope_parameters", llama3)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("Qwen2ForCausalLM");
        Map<String, Object> dynamic = Map.of("rope_type", "dynamic", "factor", 2);
        assertThat(convert(Family.LLAMA, Map.of("rope_parameters", dynamic)).notes())
                .singleElement()
                .asString()
                .contains("dynamic");
    }

    @Test
    void whatLlamaCppWouldNotLoadIsRefused() {
        assertThatThrownBy(() -> convert(Family.QWEN3, Map.of("attention_bias", true)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("attention_bias");
        assertThat(convert(Family.LLAMA, Map.of("attention_bias", true)).notes()).isEmpty();
    }

    @Test
    void aSlidingWindowIsToldOf() {
        Map<String, Object> window = Map.of("sliding_window", 16, "max_position_embeddings", 64);
        assertThat(convert(Family.MISTRAL, window).notes())
                .singleElement()
                .asString()
                .contains("sliding_window 16");
        Map<String, Object> wide = Map.of("sliding_window", 64, "max_position_embeddings", 64);
        assertThat(convert(Family.MISTRAL, wide).notes()).isEmpty();
    }

    @Test
    void aMixtureOfExpertsIsRefusedByItsName() {
        GgufConversion there = convert(Family.LLAMA, Map.of());
        GgufMetadata.Builder builder = GgufMetadata.builder();
        there.metadata().values().forEach(builder::put);
        builder.put("llama.expert_count", GgufValue.u32(8));
        assertThatThrownBy(() -> GgufConfig.of("t.gguf", builder.build(), there.weights()))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("llama.expert_count is 8");
    }

    @Test
    void yarnsOwnSettingsAreToldToBeAtRisk() {
        Map<String, Object> usual =
                Map.of("rope_type", "yarn", "factor", 4, "original_max_position_embeddings", 64);
        assertThat(convert(Family.LLAMA, Map.of("rope_parameters", usual)).notes()).isEmpty();
        Map<String, Object> own =
                Map.of(
                        "rope_type",
                        "yarn",
                        "factor",
                        4,
                        "original_max_position_embeddings",
                        64,
                        "beta_fast",
                        30);
        assertThat(convert(Family.LLAMA, Map.of("rope_parameters", own)).notes())
                .singleElement()
                .asString()
                .contains("llama.cpp may not read them");
    }

    @Test
    void theModelCardTellsWhoMadeItFromWhat() throws FrontMatter.Unreadable {
        JsonObject card =
                FrontMatter.of(
                                """
                                ---
                                license: [mit, apache-2.0]
                                model_name: Küçük Model
                                model_creator: Birisi
                                base_model: meta-llama/Llama-2-7b-hf
                                datasets: [org/veri-v2]
                                tags: [tr]
                                pipeline_tag: text-generation
                                language: tr
                                ---
                                """)
                        .orElseThrow();
        JsonObject generation =
                (JsonObject)
                        Json.parse(
                                "{\"top_k\": 40, \"temperature\": 0.6, \"min_p\": null}"
                                        .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                "generation_config.json");
        JsonObject config =
                (JsonObject)
                        Json.parse(
                                "{\"_name_or_path\": \"org/Ufak-1B-v0.3\"}"
                                        .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                "config.json");
        ModelOrigin origin =
                new ModelOrigin(
                        "klasör", Optional.of(card), config, Optional.of(generation), List.of());
        GgufConversion conversion = convert(model(Family.LLAMA, Map.of()), OutType.F32, origin);
        List<String> general = new ArrayList<>();
        conversion
                .metadata()
                .values()
                .forEach(
                        (key, value) -> {
                            if (key.startsWith("general.")) general.add(key + " " + told(value));
                        });
        assertThat(general)
                .containsExactly(
                        "general.architecture llama",
                        "general.type model",
                        "general.sampling.top_k 40",
                        "general.sampling.temp 0.6",
                        "general.name Küçük Model",
                        "general.author Birisi",
                        "general.version v0.3",
                        "general.organization Org",
                        "general.finetune 1b",
                        "general.basename Ufak",
                        "general.size_label 5.0K",
                        "general.license mit,apache-2.0",
                        "general.base_model.count 1",
                        "general.base_model.0.name Llama 2 7b Hf",
                        "general.base_model.0.organization Meta Llama",
                        "general.base_model.0.repo_url https://huggingface.co/meta-llama/Llama-2-7b-hf",
                        "general.dataset.count 1",
                        "general.dataset.0.name Veri v2",
                        "general.dataset.0.version v2",
                        "general.dataset.0.organization Org",
                        "general.dataset.0.repo_url https://huggingface.co/org/veri-v2",
                        "general.tags [tr, text-generation]",
                        "general.languages [tr]",
                        "general.file_type 0",
                        "general.quantization_version 2");
    }

    private static String told(GgufValue value) {
        return switch (value) {
            case GgufValue.Text(String text) -> text;
            case GgufValue.Whole(var type, long whole) -> Long.toString(whole);
            case GgufValue.Float32(float real) -> Float.toString(real);
            case GgufValue.Texts(var texts) -> texts.toString();
            default -> throw new AssertionError(value);
        };
    }
}
