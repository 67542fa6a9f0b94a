package tk.convert.gguf;

import tk.checkpoint.Checkpoint;
import tk.convert.FamilyTable;
import tk.convert.FamilyTables;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.hf.RopeScaling.Llama3;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SequencedMap;

/** The {@code config.json} that a GGUF file's metadata and tensors stand for. */
public final class GgufConfig {
    /** Sampling keys, and the fields of generation_config.json that they come from. */
    private static final SequencedMap<String, String> SAMPLING = new LinkedHashMap<>();

    static {
        SAMPLING.put("top_k", "top_k");
        SAMPLING.put("top_p", "top_p");
        SAMPLING.put("min_p", "min_p");
        SAMPLING.put("xtc_probability", "xtc_probability");
        SAMPLING.put("xtc_threshold", "xtc_threshold");
        SAMPLING.put("temp", "temperature");
        SAMPLING.put("penalty_last_n", "penalty_last_n");
        SAMPLING.put("penalty_repeat", "repetition_penalty");
        SAMPLING.put("mirostat", "mirostat");
        SAMPLING.put("mirostat_tau", "mirostat_tau");
        SAMPLING.put("mirostat_eta", "mirostat_eta");
    }

    private final String place;
    private final GgufMetadata gguf;
    private final Checkpoint weights;
    private final FamilyTable table;
    private final SequencedMap<String, JsonValue> config = new LinkedHashMap<>();

    private GgufConfig(String place, GgufMetadata gguf, Checkpoint weights) {
        this.place = place;
        this.gguf = gguf;
        this.weights = weights;
        String architecture =
                gguf.string("general.architecture")
                        .orElseThrow(() -> missing("general.architecture"));
        this.table = FamilyTables.ofGguf(architecture);
    }

    /**
     * The configuration.
     *
     * @param place what to call the file in errors
     * @param weights its tensors, under their names in the file
     * @throws MalformedException where a key that every model has is missing
     * @throws UnsupportedException where the architecture or its rope scaling has no equal in
     *     Hugging Face's
     */
    public static ModelConfig of(String place, GgufMetadata gguf, Checkpoint weights) {
        return new GgufConfig(place, gguf, weights).read();
    }

    private ModelConfig read() {
        long experts = optional("expert_count").orElse(0L);
        if (experts > 0) {
            throw new UnsupportedException(
                    "%s: %s is %d: mixtures of experts are not supported"
                            .formatted(place, key("expert_count"), experts),
                    "Supported: models whose layers have one MLP.");
        }
        put("architectures", List.of(table.family().architecture()));
        put("model_type", table.family().modelType());
        put("num_hidden_layers", whole("block_count"));
        put("max_position_embeddings", whole("context_length"));
        long hidden = whole("embedding_length");
        put("hidden_size", hidden);
        put("intermediate_size", whole("feed_forward_length"));
        long heads = whole("attention.head_count");
        if (heads < 1 || hidden < 1) {
            throw new MalformedException(
                    "%s: %s.attention.head_count %d, embedding_length %d: expected at least 1"
                            .formatted(place, table.ggufArchitecture(), heads, hidden));
        }
        put("num_attention_heads", heads);
        put("num_key_value_heads", optional("attention.head_count_kv").orElse(heads));
        put("head_dim", optional("attention.key_length").orElse(hidden / heads));
        put("vocab_size", vocabSize());
        put("rms_norm_eps", real("attention.layer_norm_rms_epsilon"));
        putRope();
        putTokens();
        put("tie_word_embeddings", !weights.tensors().containsKey("output.weight"));
        switch (table.family()) {
            case LLAMA -> {
                put("attention_bias", weights.tensors().containsKey("blk.0.attn_output.bias"));
                put("mlp_bias", weights.tensors().containsKey("blk.0.ffn_up.bias"));
            }
            case QWEN3 -> put("attention_bias", weights.tensors().containsKey("blk.0.attn_q.bias"));
            case MISTRAL, QWEN2 -> {}
        }
        return ConfigReader.parse(new JsonObject(config), place);
    }

    private void put(String key, Object value) {
        config.put(key, JsonValue.of(value));
    }

    private String key(String key) {
        return table.ggufArchitecture() + "." + key;
    }

    private MalformedException missing(String key) {
        return new MalformedException("%s: the key %s is missing".formatted(place, key));
    }

    private Optional<Long> optional(String key) {
        var value = gguf.integer(key(key));
        return value.isPresent() ? Optional.of(value.getAsLong()) : Optional.empty();
    }

    private long whole(String key) {
        if (gguf.integers(key(key)).isPresent()) {
            throw new UnsupportedException(
                    "%s: %s differs from layer to layer".formatted(place, key(key)),
                    "Supported: models whose layers are alike.");
        }
        return optional(key).orElseThrow(() -> missing(key(key)));
    }

    /** A float as the shortest decimal that is it: what the config said before it was rounded. */
    private Optional<Double> optionalReal(String key) {
        OptionalDouble value = gguf.number(key(key));
        if (value.isEmpty() || !Double.isFinite(value.getAsDouble())) return Optional.empty();
        return Optional.of(shortest((float) value.getAsDouble()));
    }

    private static double shortest(float value) {
        return new BigDecimal(Float.toString(value)).doubleValue();
    }

    private double real(String key) {
        return optionalReal(key).orElseThrow(() -> missing(key(key)));
    }

    private long vocabSize() {
        Tensor embedding = weights.tensors().get("token_embd.weight");
        if (embedding != null && embedding.info().shape().rank() == 2) {
            return embedding.info().shape().dim(0);
        }
        return whole("vocab_size");
    }

    private void putTokens() {
        for (String name : List.of("bos", "eos")) {
            var id = gguf.integer("tokenizer.ggml." + name + "_token_id");
            // Left out, a family's default would take its place.
            config.put(
                    name + "_token_id",
                    id.isPresent() ? JsonValue.of(id.getAsLong()) : JsonValue.of(null));
        }
        copyId("padding_token_id", "pad_token_id");
        copyId("unknown_token_id", "unk_token_id");
    }

    private void copyId(String from, String to) {
        var id = gguf.integer("tokenizer.ggml." + from);
        if (id.isPresent()) put(to, id.getAsLong());
    }

    /** Sampling hints, where the file has some: what a {@code generation_config.json} says. */
    public static Optional<JsonObject> generation(GgufMetadata gguf) {
        SequencedMap<String, Object> config = new LinkedHashMap<>();
        SAMPLING.forEach(
                (key, field) -> {
                    OptionalDouble value = gguf.number("general.sampling." + key);
                    if (value.isEmpty() || !Double.isFinite(value.getAsDouble())) return;
                    boolean whole = gguf.integer("general.sampling." + key).isPresent();
                    if (whole) config.put(field, (long) value.getAsDouble());
                    else config.put(field, shortest((float) value.getAsDouble()));
                });
        gguf.string("general.sampling.sequence").ifPresent(text -> config.put("sequence", text));
        if (config.isEmpty()) return Optional.empty();
        for (String name : List.of("bos", "eos")) {
            var id = gguf.integer("tokenizer.ggml." + name + "_token_id");
            if (id.isPresent()) config.put(name + "_token_id", id.getAsLong());
        }
        return Optional.of((JsonObject) JsonValue.of(config));
    }

    private void putRope() {
        double theta = optionalReal("rope.freq_base").orElse(10000.0);
        SequencedMap<String, Object> rope = new LinkedHashMap<>();
        rope.put("rope_theta", theta);
        String type = gguf.string(key("rope.scaling.type")).orElse("none");
        switch (type) {
            case "none" -> putUnnamedScaling(rope, theta);
            case "linear" -> {
                rope.put("rope_type", "linear");
                rope.put("factor", real("rope.scaling.factor"));
            }
            case "yarn" -> {
                rope.put("rope_type", "yarn");
                rope.put("factor", real("rope.scaling.factor"));
                copy(rope, "rope.scaling.yarn_attn_factor", "attention_factor");
                copy(rope, "rope.scaling.yarn_beta_fast", "beta_fast");
                copy(rope, "rope.scaling.yarn_beta_slow", "beta_slow");
                putOriginal(rope);
            }
            case "longrope" -> {
                rope.put("rope_type", "longrope");
                rope.put("long_factor", factors("rope_factors_long.weight"));
                rope.put("short_factor", factors("rope_factors_short.weight"));
                copy(rope, "rope.scaling.attn_factor", "attention_factor");
                putOriginal(rope);
            }
            default ->
                    throw new UnsupportedException(
                            "%s: %s \"%s\" is not supported"
                                    .formatted(place, key("rope.scaling.type"), type),
                            "Supported: none, linear, yarn, longrope.");
        }
        put("rope_parameters", rope);
    }

    private void putUnnamedScaling(SequencedMap<String, Object> rope, double theta) {
        Tensor factors = weights.tensors().get("rope_freqs.weight");
        if (factors == null) {
            rope.put("rope_type", "default");
            return;
        }
        List<Double> values = factors("rope_freqs.weight");
        float[] floats = LongRope.floats(values);
        Llama3 scaling =
                RopeFactorsFit.of(floats, theta)
                        .orElseThrow(
                                () ->
                                        new UnsupportedException(
                                                place
                                                        + ": rope_freqs.weight follows from no rule of Llama 3's that Hugging Face could be told",
                                                "Take the config.json of the original with --config."));
        rope.put("rope_type", "llama3");
        rope.put("factor", scaling.factor());
        rope.put("low_freq_factor", scaling.lowFreqFactor());
        rope.put("high_freq_factor", scaling.highFreqFactor());
        rope.put("original_max_position_embeddings", scaling.originalContext());
    }

    private void copy(SequencedMap<String, Object> rope, String from, String to) {
        optionalReal(from).ifPresent(value -> rope.put(to, value));
    }

    private void putOriginal(SequencedMap<String, Object> rope) {
        optional("rope.scaling.original_context_length")
                .ifPresent(length -> rope.put("original_max_position_embeddings", length));
    }

    private List<Double> factors(String name) {
        Tensor tensor = weights.tensors().get(name);
        if (tensor == null
                || tensor.info().dtype() != DType.F32
                || tensor.info().shape().rank() != 1
                || tensor.info().shape().elements() > 1 << 16) {
            throw new MalformedException(
                    "%s: expected a vector `%s` of F32, one factor a frequency"
                            .formatted(place, name));
        }
        int count = Math.toIntExact(tensor.info().shape().elements());
        List<Double> values = new ArrayList<>(count);
        try (Scratch scratch = Scratch.borrow(tensor.info().byteSize())) {
            tensor.readRows(0, 1, scratch.segment());
            for (int i = 0; i < count; i++) {
                values.add(shortest(scratch.segment().get(Scalars.LE_FLOAT, i * 4L)));
            }
        }
        return values;
    }
}
