package tk.hf;

import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The settings that a training script saved with the weights, in Hugging Face's words, Meta's or
 * nanoGPT's. With the shapes of the tensors they may make a whole {@code config.json}.
 *
 * <p>What neither says stays a question: the scripts' own defaults are in no file.
 *
 * @param settings as they were saved
 */
public record SavedConfig(JsonObject settings) {
    /** Where a checkpoint's metadata has them, as JSON. */
    public static final String KEY = "torch.config";

    private static final List<String> HEADS =
            List.of("num_attention_heads", "n_heads", "n_head", "num_heads");
    private static final List<String> KV_HEADS =
            List.of("num_key_value_heads", "n_kv_heads", "n_kv_head", "num_kv_heads");

    /** Numbers that no shape tells, and what else they are called. */
    private static final Map<String, List<String>> NUMBERS =
            Map.of(
                    "max_position_embeddings",
                    List.of(
                            "max_position_embeddings",
                            "max_seq_len",
                            "max_seq_length",
                            "block_size",
                            "context_length"),
                    "rms_norm_eps",
                    List.of("rms_norm_eps", "norm_eps"),
                    "rope_theta",
                    List.of("rope_theta", "rope_base"));

    /** What is taken as it is, where it is there. */
    private static final List<String> KEPT =
            List.of(
                    "architectures",
                    "model_type",
                    "hidden_act",
                    "rope_scaling",
                    "rope_parameters",
                    "original_max_position_embeddings",
                    "partial_rotary_factor",
                    "sliding_window",
                    "use_sliding_window",
                    "bos_token_id",
                    "eos_token_id",
                    "pad_token_id");

    /** Those in a checkpoint's metadata. */
    public static Optional<SavedConfig> of(Map<String, String> metadata) {
        try {
            return Optional.ofNullable(metadata.get(KEY))
                    .map(text -> Json.parse(text.getBytes(StandardCharsets.UTF_8), KEY))
                    .filter(JsonObject.class::isInstance)
                    .map(json -> new SavedConfig((JsonObject) json));
        } catch (TkException e) {
            return Optional.empty();
        }
    }

    /** A {@code config.json} with {@code "?"} for what neither shapes nor settings say. */
    public JsonObject with(ConfigInference shapes) {
        JsonObject config = shapes.template();
        if (contradicts(List.of("hidden_size", "dim", "n_embd", "d_model"), shapes.hidden())
                || contradicts(
                        List.of("num_hidden_layers", "n_layers", "n_layer", "num_layers"),
                        shapes.layers())) {
            return config;
        }
        config = withHeads(config, shapes);
        for (Map.Entry<String, List<String>> number : NUMBERS.entrySet()) {
            Optional<JsonNumber> value = number(number.getValue());
            if (value.isPresent()) config = config.with(number.getKey(), value.get());
        }
        // Of the two names of a family, the one that was saved.
        boolean type = settings.string("model_type").isPresent();
        boolean architecture = settings.array("architectures").isPresent();
        if (type && !architecture) config = config.without("architectures");
        if (architecture && !type) config = config.without("model_type");
        for (String key : KEPT) {
            Optional<JsonValue> value = settings.get(key);
            // A window that is null is none; left out it may be 4096.
            boolean said =
                    value.isPresent()
                            && (value.get() != JsonNull.NULL || key.equals("sliding_window"));
            if (said) config = config.with(key, value.get());
        }
        boolean inside =
                config.object("rope_parameters").flatMap(r -> r.number("rope_theta")).isPresent();
        if (inside) config = config.without("rope_theta");
        // Llama 3.1's stretching: its numbers are in Meta's code.
        if (settings.bool("use_scaled_rope").orElse(false)) {
            config = config.with("rope_scaling", JsonValue.of(ConfigInference.FILL_IN));
        }
        return config;
    }

    /** Heads that divide the rows of queries and keys as the settings say, or none. */
    private JsonObject withHeads(JsonObject config, ConfigInference shapes) {
        long heads = number(HEADS).flatMap(JsonNumber::asLong).orElse(0L);
        if (heads < 1 || shapes.query() % heads != 0) return config;
        long width = shapes.query() / heads;
        if (shapes.keyValue() % width != 0
                || contradicts(KV_HEADS, shapes.keyValue() / width)
                || contradicts(List.of("head_dim"), width)) {
            return config;
        }
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>(config.members());
        members.put("num_attention_heads", JsonValue.of(heads));
        members.put("num_key_value_heads", JsonValue.of(shapes.keyValue() / width));
        members.put("head_dim", JsonValue.of(width));
        return new JsonObject(members);
    }

    private Optional<JsonNumber> number(List<String> names) {
        return names.stream().flatMap(name -> settings.number(name).stream()).findFirst();
    }

    private boolean contradicts(List<String> names, long value) {
        Optional<JsonNumber> said = number(names);
        return said.isPresent() && !said.get().asLong().equals(Optional.of(value));
    }

    /** Whether nothing is left to ask. */
    public static boolean isComplete(JsonObject config) {
        return !config.members().containsValue(JsonValue.of(ConfigInference.FILL_IN));
    }
}
