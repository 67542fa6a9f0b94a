package tk.convert;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.Tensor;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The {@code config.json} that Meta's {@code params.json} stands for.
 *
 * <p>What that file leaves out follows from the generation: the context (2048, 4096, 8192 or 131072
 * positions; 16384 for CodeLlama) and the scaling of the rotary frequencies. The generation itself
 * it does not tell either; see {@link Generation}.
 *
 * <p>Source: Meta's {@code model.py} (llama, codellama, llama3); transformers' {@code
 * convert_llama_weights_to_hf.py}.
 */
public final class MetaConfig {
    /** Llama 3's tokenizer has this many special tokens after its ranks. */
    private static final int LLAMA3_SPECIALS = 256;

    /** What sets Meta's releases apart, each with the context it was trained for. */
    public enum Generation {
        /** Norms with 1e-6, or the shapes of 33B and 65B. */
        LLAMA_1(2048),
        /** What is none of the others. */
        LLAMA_2(4096),
        /** A SentencePiece vocabulary, and a rotary base above 10000. */
        CODE_LLAMA(16384),
        /** A tiktoken vocabulary. */
        LLAMA_3(8192),
        /** With {@code use_scaled_rope}. */
        LLAMA_3_1(131072);

        private final int context;

        Generation(int context) {
            this.context = context;
        }

        /** How many positions it was trained for. */
        public int context() {
            return context;
        }
    }

    private final String place;
    private final JsonObject params;
    private final Checkpoint weights;

    private MetaConfig(String place, JsonObject params, Checkpoint weights) {
        this.place = place;
        this.params = params;
        this.weights = weights;
    }

    /**
     * The configuration.
     *
     * @param place what to call {@code params.json} in errors
     * @param json its content; the settings may lie under {@code model}
     * @param weights joined, under Meta's names
     * @param tiktoken whether the tokenizer is a list of ranks, as Llama 3's is
     * @throws MalformedException where a setting is missing, or the tensors contradict it
     */
    public static ModelConfig of(
            String place, JsonObject json, Checkpoint weights, boolean tiktoken) {
        JsonObject params = json.object("model").orElse(json);
        return new MetaConfig(place, params, weights).config(tiktoken);
    }

    /** Which release these settings are of. */
    public static Generation generation(JsonObject json, boolean tiktoken) {
        JsonObject params = json.object("model").orElse(json);
        if (params.bool("use_scaled_rope").orElse(false)) return Generation.LLAMA_3_1;
        if (tiktoken) return Generation.LLAMA_3;
        if (params.number("rope_theta").map(JsonNumber::asDouble).orElse(0.0) > 10000) {
            return Generation.CODE_LLAMA;
        }
        long dim = params.number("dim").flatMap(JsonNumber::asLong).orElse(0L);
        boolean grouped = params.number("n_kv_heads").isPresent();
        boolean first =
                params.number("norm_eps").map(JsonNumber::asDouble).orElse(0.0) == 1e-6
                        || (dim == 6656 && !grouped)
                        || (dim == 8192 && !grouped);
        return first ? Generation.LLAMA_1 : Generation.LLAMA_2;
    }

    private ModelConfig config(boolean tiktoken) {
        Generation generation = generation(params, tiktoken);
        long hidden = whole("dim");
        long heads = whole("n_heads");
        long layers = whole("n_layers");
        long vocab = rows("tok_embeddings.weight");
        long said = optional("vocab_size").orElse(-1L);
        if (said >= 0 && said != vocab) {
            throw new MalformedException(
                    "%s: vocab_size %d, but tok_embeddings.weight has %d rows"
                            .formatted(place, said, vocab));
        }
        SequencedMap<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("hidden_size", hidden);
        config.put("intermediate_size", feedForward(hidden));
        config.put("num_hidden_layers", layers);
        config.put("num_attention_heads", heads);
        config.put("num_key_value_heads", optional("n_kv_heads").orElse(heads));
        config.put("rms_norm_eps", number("norm_eps"));
        config.put("vocab_size", vocab);
        config.put("max_position_embeddings", generation.context());
        config.put("rope_parameters", rope(generation, hidden, layers));
        config.put("bos_token_id", tiktoken ? vocab - LLAMA3_SPECIALS : 1);
        config.put("eos_token_id", tiktoken ? vocab - LLAMA3_SPECIALS + 1 : 2);
        config.put("tie_word_embeddings", !weights.tensors().containsKey("output.weight"));
        config.put("dtype", dtype());
        return ConfigReader.parse((JsonObject) JsonValue.of(config), place);
    }

    private Map<String, Object> rope(Generation generation, long hidden, long layers) {
        SequencedMap<String, Object> rope = new LinkedHashMap<>();
        JsonValue ten = new JsonNumber("10000.0");
        rope.put("rope_theta", params.get("rope_theta").orElse(ten));
        if (generation != Generation.LLAMA_3_1) {
            rope.put("rope_type", "default");
            return rope;
        }
        // Llama 3.2's two small models stretch further, which nothing but their shape tells.
        boolean small = (hidden == 2048 && layers == 16) || (hidden == 3072 && layers == 28);
        rope.put("rope_type", "llama3");
        rope.put("factor", small ? 32.0 : 8.0);
        rope.put("low_freq_factor", 1.0);
        rope.put("high_freq_factor", 4.0);
        rope.put("original_max_position_embeddings", 8192);
        return rope;
    }

    /**
     * The MLP's width, which the tensors tell; the formula that Meta's code gets it by must agree.
     */
    private long feedForward(long hidden) {
        long rows = rows("layers.0.feed_forward.w1.weight");
        Optional<Long> multiple = optional("multiple_of");
        if (multiple.isEmpty()) return rows;
        double multiplier =
                params.number("ffn_dim_multiplier").map(JsonNumber::asDouble).orElse(1.0);
        long computed = feedForward(hidden, multiple.get(), multiplier);
        if (computed != rows) {
            throw new MalformedException(
                    "%s: dim %d, multiple_of %d and ffn_dim_multiplier %s make a feed-forward width of %d, but layers.0.feed_forward.w1.weight has %d rows"
                            .formatted(place, hidden, multiple.get(), multiplier, computed, rows),
                    "Take the params.json that belongs to these shards.");
        }
        return rows;
    }

    /** Both truncations matter. */
    static long feedForward(long hidden, long multipleOf, double multiplier) {
        if (multipleOf < 1 || hidden < 1 || hidden > 1 << 20) return 0;
        long wide = (long) (multiplier * (8 * hidden / 3));
        return Math.ceilDiv(wide, multipleOf) * multipleOf;
    }

    private String dtype() {
        return switch (tensor("tok_embeddings.weight").info().dtype()) {
            case DType.F32 -> "float32";
            case DType.F16 -> "float16";
            default -> "bfloat16";
        };
    }

    private long rows(String name) {
        Tensor tensor = tensor(name);
        if (tensor.info().shape().rank() != 2) {
            throw new MalformedException(
                    "%s: tensor `%s` has shape %s, expected a matrix"
                            .formatted(place, name, tensor.info().shape()));
        }
        return tensor.info().shape().dim(0);
    }

    private Tensor tensor(String name) {
        Tensor tensor = weights.tensors().get(name);
        if (tensor == null) {
            throw new MalformedException(
                    "%s: the shards have no tensor `%s`".formatted(place, name),
                    "Take the consolidated.NN.pth of Meta's release.");
        }
        return tensor;
    }

    private Optional<Long> optional(String key) {
        return params.number(key).flatMap(JsonNumber::asLong);
    }

    private long whole(String key) {
        return optional(key)
                .filter(value -> value > 0)
                .orElseThrow(() -> missing(key, "a positive whole number"));
    }

    private JsonNumber number(String key) {
        return params.number(key).orElseThrow(() -> missing(key, "a number"));
    }

    private MalformedException missing(String key, String expected) {
        return new MalformedException(
                "%s: %s: expected %s".formatted(place, key, expected),
                "Take the params.json of Meta's release.");
    }
}
