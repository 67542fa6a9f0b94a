package tk.hf;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.PythonJson;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * {@code config.json} and {@code generation_config.json} as {@code save_pretrained} of transformers
 * 5 writes them for a model that was loaded from the given config.
 *
 * <p>The rule there: every field of the family's configuration class, given or default; the rotary
 * settings gathered in {@code rope_parameters}; whatever else the file had, unless it only repeats
 * a default of all models or belongs to text generation.
 */
public final class ConfigWriter {
    /** The version of transformers whose files these are. */
    public static final String TRANSFORMERS_VERSION = "5.12.1";

    /** Members that every model has, left out where they hold these values. */
    private static final Map<String, Object> COMMON =
            Map.of(
                    "return_dict",
                    true,
                    "output_hidden_states",
                    false,
                    "output_attentions",
                    false,
                    "chunk_size_feed_forward",
                    0,
                    "is_encoder_decoder",
                    false);

    /** Members that loading consumes, or that hold the defaults of models with two labels. */
    private static final Set<String> CONSUMED =
            Set.of(
                    "torch_dtype",
                    "rope_theta",
                    "rope_scaling",
                    "name_or_path",
                    "_name_or_path",
                    "_commit_hash",
                    "attn_implementation",
                    "_attn_implementation",
                    "_attn_implementation_internal",
                    "experts_implementation",
                    "_experts_implementation_internal",
                    "base_model_tp_plan",
                    "base_model_pp_plan",
                    "transformers_weights",
                    "num_labels");

    /** Settings of text generation, which live in {@code generation_config.json}. */
    private static final Set<String> GENERATION =
            Set.of(
                    "max_length",
                    "min_length",
                    "do_sample",
                    "early_stopping",
                    "num_beams",
                    "temperature",
                    "top_k",
                    "top_p",
                    "typical_p",
                    "repetition_penalty",
                    "length_penalty",
                    "no_repeat_ngram_size",
                    "encoder_no_repeat_ngram_size",
                    "bad_words_ids",
                    "num_return_sequences",
                    "output_scores",
                    "return_dict_in_generate",
                    "forced_bos_token_id",
                    "forced_eos_token_id",
                    "remove_invalid_values",
                    "exponential_decay_length_penalty",
                    "suppress_tokens",
                    "begin_suppress_tokens",
                    "epsilon_cutoff",
                    "eta_cutoff",
                    "encoder_repetition_penalty",
                    "num_assistant_tokens",
                    "num_assistant_tokens_schedule",
                    "assistant_confidence_threshold",
                    "assistant_lookbehind",
                    "target_lookbehind",
                    "num_beam_groups",
                    "diversity_penalty");

    private ConfigWriter() {}

    /**
     * {@code config.json}.
     *
     * @param dtype of the weights in PyTorch's spelling, such as {@code float16}
     * @param tied whether the output projection is the embedding and left out of the weights
     */
    public static JsonObject config(ModelConfig config, String dtype, boolean tied) {
        SequencedMap<String, JsonValue> out = new LinkedHashMap<>(fields(config));
        config.json()
                .members()
                .forEach(
                        (key, value) -> {
                            if (isKept(key, value)) out.put(key, PythonJson.respelled(value));
                        });
        Family family = config.family();
        out.put("architectures", JsonValue.of(List.of(family.architecture())));
        out.put("model_type", JsonValue.of(family.modelType()));
        out.put("dtype", JsonValue.of(dtype));
        out.put("tie_word_embeddings", JsonValue.of(tied));
        out.put("num_key_value_heads", JsonValue.of(config.kvHeads()));
        if (family != Family.QWEN2 || config.json().get("head_dim").isPresent())
            out.put("head_dim", JsonValue.of(config.headDim()));
        out.put("rope_parameters", rope(config));
        if (family == Family.QWEN2 || family == Family.QWEN3) out.putAll(windows(config));
        out.put("transformers_version", JsonValue.of(TRANSFORMERS_VERSION));
        return new JsonObject(out);
    }

    private static boolean isKept(String key, JsonValue value) {
        if (CONSUMED.contains(key) || GENERATION.contains(key)) return false;
        if (COMMON.containsKey(key)) return !value.equals(JsonValue.of(COMMON.get(key)));
        return switch (key) {
            case "problem_type" -> value != JsonNull.NULL;
            case "id2label" -> !value.equals(JsonValue.of(Map.of("0", "LABEL_0", "1", "LABEL_1")));
            case "label2id" -> !value.equals(JsonValue.of(Map.of("LABEL_0", 0, "LABEL_1", 1)));
            default -> true;
        };
    }

    /**
     * The configuration class's fields with the values they have where the file leaves them out.
     */
    private static SequencedMap<String, JsonValue> fields(ModelConfig config) {
        SequencedMap<String, JsonValue> fields = new LinkedHashMap<>();
        Family family = config.family();
        fields.put("vocab_size", JsonValue.of(config.vocabSize()));
        fields.put("hidden_size", JsonValue.of(config.hiddenSize()));
        fields.put("intermediate_size", JsonValue.of(config.feedForward()));
        fields.put("num_hidden_layers", JsonValue.of(config.layers()));
        fields.put("num_attention_heads", JsonValue.of(config.heads()));
        fields.put("hidden_act", JsonValue.of("silu"));
        fields.put("max_position_embeddings", JsonValue.of(config.maxPositions()));
        fields.put("initializer_range", PythonJson.ofFloat(0.02));
        fields.put("rms_norm_eps", PythonJson.ofFloat(config.normEps()));
        fields.put("use_cache", JsonValue.of(true));
        fields.put("attention_dropout", PythonJson.ofFloat(0));
        fields.put("bos_token_id", JsonValue.of(config.bosTokenId()));
        fields.put("eos_token_id", eos(config));
        fields.put("pad_token_id", JsonNull.NULL);
        switch (family) {
            case LLAMA -> {
                fields.put("pretraining_tp", JsonValue.of(1));
                fields.put("attention_bias", JsonValue.of(false));
                fields.put("mlp_bias", JsonValue.of(false));
            }
            case MISTRAL -> fields.put("sliding_window", JsonValue.of(config.slidingWindow()));
            case QWEN2, QWEN3 -> {
                fields.put("use_sliding_window", JsonValue.of(false));
                fields.put("max_window_layers", JsonValue.of(28));
                if (family == Family.QWEN3) fields.put("attention_bias", JsonValue.of(false));
            }
        }
        return fields;
    }

    private static JsonValue eos(ModelConfig config) {
        List<Integer> ids = config.eosTokenIds();
        if (ids.isEmpty()) return JsonNull.NULL;
        return ids.size() == 1 ? JsonValue.of(ids.getFirst()) : JsonValue.of(ids);
    }

    /** Qwen's two members that follow from others. */
    private static Map<String, JsonValue> windows(ModelConfig config) {
        SequencedMap<String, JsonValue> windows = new LinkedHashMap<>();
        windows.put("sliding_window", JsonValue.of(config.slidingWindow()));
        if (config.json().array("layer_types").isEmpty()) {
            long first =
                    config.json()
                            .number("max_window_layers")
                            .flatMap(JsonNumber::asLong)
                            .orElse(28L);
            List<String> types = new ArrayList<>();
            for (int layer = 0; layer < config.layers(); layer++) {
                boolean slides = config.slidingWindow().isPresent() && layer >= first;
                types.add(slides ? "sliding_attention" : "full_attention");
            }
            windows.put("layer_types", JsonValue.of(types));
        }
        return windows;
    }

    private static JsonObject rope(ModelConfig config) {
        JsonObject json = config.json();
        JsonObject given =
                json.object("rope_scaling")
                        .filter(scaling -> !scaling.members().isEmpty())
                        .or(() -> json.object("rope_parameters"))
                        .orElse(new JsonObject(new LinkedHashMap<>()));
        SequencedMap<String, JsonValue> rope = new LinkedHashMap<>();
        given.members().forEach((key, value) -> rope.put(key, PythonJson.respelled(value)));
        rope.putIfAbsent(
                "rope_theta",
                json.number("rope_theta")
                        .map(theta -> PythonJson.respelled((JsonValue) theta))
                        .orElse(PythonJson.ofFloat(config.rope().theta())));
        rope.putIfAbsent("rope_type", given.get("type").orElse(JsonValue.of("default")));
        json.number("partial_rotary_factor")
                .ifPresent(
                        factor -> rope.put("partial_rotary_factor", PythonJson.respelled(factor)));
        originalContext(config.rope().scaling())
                .ifPresent(
                        context ->
                                rope.put(
                                        "original_max_position_embeddings", JsonValue.of(context)));
        return new JsonObject(rope);
    }

    private static Optional<Integer> originalContext(RopeScaling scaling) {
        return switch (scaling) {
            case RopeScaling.Llama3 llama3 -> Optional.of(llama3.originalContext());
            case RopeScaling.Yarn yarn -> Optional.of(yarn.originalContext());
            case RopeScaling.LongRope longRope -> Optional.of(longRope.originalContext());
            case RopeScaling.None _, RopeScaling.Linear _, RopeScaling.Dynamic _ ->
                    Optional.empty();
        };
    }

    /**
     * The same settings where readers older than transformers 5 find them, too: {@code rope_theta}
     * and {@code rope_scaling} beside {@code rope_parameters}, {@code torch_dtype} beside {@code
     * dtype}. Without them such readers (Ollama's importer is one) silently take theta 10000.
     */
    public static JsonObject withOlderSpellings(JsonObject saved) {
        JsonObject rope = saved.object("rope_parameters").orElseThrow();
        JsonObject out =
                saved.with("rope_theta", rope.get("rope_theta").orElseThrow())
                        .with("torch_dtype", saved.get("dtype").orElseThrow());
        if (rope.string("rope_type").filter(type -> !type.equals("default")).isPresent()) {
            JsonObject scaling = rope.without("rope_theta");
            out =
                    out.with(
                            "rope_scaling",
                            scaling.with("type", rope.get("rope_type").orElseThrow()));
        }
        return out;
    }

    /**
     * {@code generation_config.json}.
     *
     * @param source the one the model came with; without one it is derived from the config
     */
    public static JsonObject generation(JsonObject config, Optional<JsonObject> source) {
        SequencedMap<String, JsonValue> out = new LinkedHashMap<>();
        if (source.isPresent()) {
            source.get()
                    .members()
                    .forEach((key, value) -> out.put(key, PythonJson.respelled(value)));
            out.remove("_commit_hash");
            out.remove("compile_config");
        } else {
            out.put("_from_model_config", JsonValue.of(true));
            for (String key : List.of("bos_token_id", "eos_token_id", "pad_token_id", "use_cache"))
                config.get(key).ifPresent(value -> out.put(key, value));
            out.put("output_attentions", JsonValue.of(false));
            out.put("output_hidden_states", JsonValue.of(false));
        }
        out.values().removeIf(value -> value == JsonNull.NULL);
        out.put("transformers_version", JsonValue.of(TRANSFORMERS_VERSION));
        return new JsonObject(out);
    }
}
