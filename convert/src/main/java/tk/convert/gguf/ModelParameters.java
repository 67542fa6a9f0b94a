package tk.convert.gguf;

import tk.convert.FamilyTable;
import tk.convert.FamilyTable.Trait;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.ModelConfig;
import tk.hf.RopeScaling;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.Optional;

/** The keys below the architecture's name ({@code llama.*}), in convert_hf_to_gguf's order. */
final class ModelParameters {
    private final GgufMetadata.Builder builder;
    private final String prefix;
    private final ModelConfig config;

    private ModelParameters(GgufMetadata.Builder builder, String prefix, ModelConfig config) {
        this.builder = builder;
        this.prefix = prefix;
        this.config = config;
    }

    /**
     * Writes the keys, {@code general.file_type} and {@code general.quantization_version} among
     * them.
     *
     * @param fileType of the matrices
     */
    static void put(
            GgufMetadata.Builder builder, FamilyTable table, ModelConfig config, int fileType) {
        ModelParameters parameters =
                new ModelParameters(builder, table.ggufArchitecture() + ".", config);
        parameters.put(table, fileType);
    }

    private void put(FamilyTable table, int fileType) {
        whole("block_count", config.layers());
        whole("context_length", config.maxPositions());
        whole("embedding_length", config.hiddenSize());
        whole("feed_forward_length", config.feedForward());
        whole("attention.head_count", config.heads());
        whole("attention.head_count_kv", config.kvHeads());
        ropeScaling();
        real("rope.freq_base", config.rope().theta());
        real("attention.layer_norm_rms_epsilon", config.normEps());
        if (table.traits().contains(Trait.HEAD_DIM)
                || config.json().number("head_dim").isPresent()) {
            whole("attention.key_length", config.headDim());
            whole("attention.value_length", config.headDim());
        }
        builder.put("general.file_type", GgufValue.u32(fileType));
        if (table.traits().contains(Trait.VOCAB_SIZE_AND_ROPE_DIMENSION)) {
            whole("vocab_size", config.vocabSize());
            whole("rope.dimension_count", config.headDim());
        }
        builder.put("general.quantization_version", GgufValue.u32(2));
    }

    private void ropeScaling() {
        switch (config.rope().scaling()) {
            case RopeScaling.None ignored -> {}
            // llama.cpp has no such thing; up to the context length nothing is scaled.
            case RopeScaling.Dynamic ignored -> {}
            // A tensor of factors says it: RopeFactors.
            case RopeScaling.Llama3 ignored -> {}
            case RopeScaling.Linear linear -> {
                text("rope.scaling.type", "linear");
                real("rope.scaling.factor", linear.factor());
            }
            case RopeScaling.Yarn yarn -> yarn(yarn);
            case RopeScaling.LongRope longRope -> {
                text("rope.scaling.type", "longrope");
                whole("rope.scaling.original_context_length", longRope.originalContext());
                real("rope.scaling.attn_factor", LongRope.attentionFactor(longRope));
            }
        }
    }

    private void yarn(RopeScaling.Yarn yarn) {
        text("rope.scaling.type", "yarn");
        real("rope.scaling.factor", yarn.factor());
        whole("rope.scaling.original_context_length", yarn.originalContext());
        JsonObject rope = spelledRope();
        if (rope.get("truncate").orElse(null) instanceof JsonBoolean(boolean truncate)) {
            builder.put(prefix + "rope.scaling.yarn_truncate", GgufValue.bool(truncate));
        }
        spelled(rope, "extrapolation_factor", "yarn_ext_factor");
        spelled(
                rope,
                rope.members().containsKey("attention_factor") ? "attention_factor" : "attn_factor",
                "yarn_attn_factor");
        spelled(rope, "beta_fast", "yarn_beta_fast");
        spelled(rope, "beta_slow", "yarn_beta_slow");
    }

    /** What the config says is written where it says so, whatever its default. */
    private void spelled(JsonObject rope, String field, String key) {
        rope.number(field)
                .map(JsonNumber::asDouble)
                .ifPresent(value -> real("rope.scaling." + key, value));
    }

    private JsonObject spelledRope() {
        JsonObject json = config.json();
        Optional<JsonObject> rope =
                json.object("rope_scaling")
                        .filter(scaling -> !scaling.members().isEmpty())
                        .or(() -> json.object("rope_parameters"));
        return rope.orElse(new JsonObject(new LinkedHashMap<String, JsonValue>()));
    }

    private void whole(String key, long value) {
        builder.put(prefix + key, GgufValue.u32(value));
    }

    private void real(String key, double value) {
        builder.put(prefix + key, GgufValue.f32((float) value));
    }

    private void text(String key, String value) {
        builder.put(prefix + key, GgufValue.text(value));
    }
}
