package tk.hf;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.json.PythonJson;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The settings of a model in Meta's own release, from its {@code params.json} and its tensors.
 *
 * <p>{@code params.json} does not say which generation the model is of, so what depends on it
 * follows from what does tell: scaled RoPE is Llama 3.1 and later (context 131072); a tiktoken
 * vocabulary is Llama 3 (8192); a base above 10000 is Code Llama (16384); an epsilon of 1e-6 is
 * Llama 1 (2048, which is also the careful choice for the few Llama 2 files with that epsilon); the
 * rest is Llama 2 (4096).
 *
 * <p>Mistral releases its first models in the same names and files; its {@code params.json} gives
 * the width of the MLP ({@code hidden_dim}) in place of Meta's two factors, {@code head_dim} and,
 * in 7B v0.1, {@code sliding_window}.
 *
 * <p>Source: transformers 4.57, {@code convert_llama_weights_to_hf.py} and {@code
 * convert_mistral_weights_to_hf.py}; Meta's {@code model.py}.
 */
public final class MetaConfig {
    /** Members of models that are built differently. */
    private static final List<String> UNSUPPORTED =
            List.of("moe_args", "moe", "quantization_args", "lora_args", "vision_chunk_size");

    private static final int SPECIAL_TOKENS = 256;
    private static final int MISTRALS_CONTEXT = 32768;

    private MetaConfig() {}

    /** Whether these are the settings of a {@code params.json}. */
    public static boolean recognises(JsonObject json) {
        JsonObject params = json.object("model").orElse(json);
        return params.number("dim").isPresent()
                && params.number("n_heads").isPresent()
                && json.get("model_type").isEmpty();
    }

    /**
     * The settings.
     *
     * @param params {@code params.json}
     * @param weights the joined tensors under Meta's names
     * @param tiktoken whether the vocabulary is Llama 3's kind: ranks as text, 256 special tokens
     *     after them
     * @throws MalformedException where the two contradict each other
     */
    public static ModelConfig read(Path params, Map<String, TensorInfo> weights, boolean tiktoken) {
        return of(Json.readObject(params), params.toString(), weights, tiktoken);
    }

    static ModelConfig of(
            JsonObject json, String file, Map<String, TensorInfo> weights, boolean tiktoken) {
        ConfigFields outer = new ConfigFields(json, file, "");
        ConfigFields params = outer.object("model").orElse(outer);
        for (String key : UNSUPPORTED) {
            if (params.has(key)) {
                throw new UnsupportedException(
                        "%s: %s%s: models with it are not supported"
                                .formatted(file, params.path(), key),
                        "Supported: Llama 1, 2, 3, 3.1 and 3.2 (text) in F32, F16 or BF16.");
            }
        }
        Family family = params.has("hidden_dim") ? Family.MISTRAL : Family.LLAMA;
        int hidden = params.whole("dim", 1, 1 << 20);
        int heads = params.whole("n_heads", 1, 1 << 20);
        int vocab = vocabulary(params, weights);
        double eps = params.number("norm_eps", 0, true);
        double theta =
                params.optionalNumber("rope_theta", 0, true).orElse(RopeReader.DEFAULT_THETA);
        boolean scaled = params.bool("use_scaled_rope", false);
        boolean tied = !weights.containsKey("output.weight");

        SequencedMap<String, JsonValue> config = new LinkedHashMap<>();
        config.put("architectures", JsonValue.of(List.of(family.architecture())));
        config.put("model_type", JsonValue.of(family.modelType()));
        config.put("hidden_size", JsonValue.of(hidden));
        config.put("intermediate_size", JsonValue.of(feedForward(params, hidden, weights)));
        config.put("num_hidden_layers", JsonValue.of(params.whole("n_layers", 1, 1 << 14)));
        config.put("num_attention_heads", JsonValue.of(heads));
        config.put(
                "num_key_value_heads",
                JsonValue.of(params.optionalWhole("n_kv_heads", 1, 1 << 20).orElse(heads)));
        params.optionalWhole("head_dim", 1, 1 << 20)
                .ifPresent(width -> config.put("head_dim", JsonValue.of(width)));
        config.put("vocab_size", JsonValue.of(vocab));
        config.put(
                "max_position_embeddings",
                JsonValue.of(
                        params.optionalWhole("max_seq_len", 1, 1 << 30)
                                .orElse(
                                        family == Family.MISTRAL
                                                ? MISTRALS_CONTEXT
                                                : context(scaled, tiktoken, theta, eps))));
        if (family == Family.MISTRAL) {
            config.put(
                    "sliding_window",
                    JsonValue.of(params.optionalWhole("sliding_window", 1, 1 << 30)));
        }
        config.put("rms_norm_eps", PythonJson.ofFloat(eps));
        config.put(
                "rope_parameters",
                scaled ? scaledRope(params, theta, hidden, vocab, tied) : plainRope(theta));
        config.put("tie_word_embeddings", JsonValue.of(tied));
        config.put("bos_token_id", JsonValue.of(tiktoken ? vocab - SPECIAL_TOKENS : 1));
        config.put("eos_token_id", JsonValue.of(tiktoken ? vocab - SPECIAL_TOKENS + 1 : 2));
        return ConfigReader.parse(new JsonObject(config), file);
    }

    private static int context(boolean scaled, boolean tiktoken, double theta, double eps) {
        if (scaled) return 131072;
        if (tiktoken) return 8192;
        if (theta > RopeReader.DEFAULT_THETA) return 16384;
        return eps <= 1e-6 ? 2048 : 4096;
    }

    /** The embedding's rows; Llama 1 and 2 write -1 and leave the number to the tokenizer. */
    private static int vocabulary(ConfigFields params, Map<String, TensorInfo> weights) {
        TensorInfo embedding = required("tok_embeddings.weight", params, weights);
        long rows = embedding.shape().dim(0);
        int given = params.whole("vocab_size", -1, -1, 1 << 27);
        if (rows < 1 || rows > 1 << 27 || (given > 0 && given != rows)) {
            throw new MalformedException(
                    "%s: %svocab_size is %d, but tok_embeddings.weight has %d rows"
                            .formatted(params.file(), params.path(), given, rows));
        }
        return (int) rows;
    }

    /**
     * The rows of w1, which must be Mistral's {@code hidden_dim}, or what Meta's {@code
     * multiple_of} and multiplier give.
     */
    private static long feedForward(
            ConfigFields params, int hidden, Map<String, TensorInfo> weights) {
        TensorInfo gate = required("layers.0.feed_forward.w1.weight", params, weights);
        long rows = gate.shape().dim(0);
        if (params.has("hidden_dim") && rows != params.whole("hidden_dim", 1, 1 << 30)) {
            throw new MalformedException(
                    "%s: %shidden_dim is %d, but w1 has %d rows"
                            .formatted(
                                    params.file(),
                                    params.path(),
                                    params.whole("hidden_dim", 1, 1 << 30),
                                    rows),
                    "Take the params.json that belongs to these weights.");
        }
        if (params.has("multiple_of")) {
            int multipleOf = params.whole("multiple_of", 1, 1 << 20);
            double multiplier = params.optionalNumber("ffn_dim_multiplier", 0, true).orElse(1.0);
            long expected = feedForward(hidden, multipleOf, multiplier);
            if (rows != expected) {
                throw new MalformedException(
                        "%s: dim %d, multiple_of %d and ffn_dim_multiplier %s give %d, but w1 has %d rows"
                                .formatted(
                                        params.file(),
                                        hidden,
                                        multipleOf,
                                        multiplier,
                                        expected,
                                        rows),
                        "Take the params.json that belongs to these weights.");
            }
        }
        return rows;
    }

    /** Both truncations are Meta's. */
    static long feedForward(int hidden, int multipleOf, double multiplier) {
        long width = 8L * hidden / 3;
        width = (long) (multiplier * width);
        return (width + multipleOf - 1) / multipleOf * multipleOf;
    }

    private static TensorInfo required(
            String name, ConfigFields params, Map<String, TensorInfo> weights) {
        TensorInfo info = weights.get(name);
        if (info != null && info.shape().rank() == 2) return info;
        throw new MalformedException(
                "%s: the weights beside it have no matrix `%s`".formatted(params.file(), name),
                "Expected the tensors of Meta's release of LLaMA.");
    }

    private static JsonObject plainRope(double theta) {
        return new JsonObject(new LinkedHashMap<>())
                .with("rope_theta", PythonJson.ofFloat(theta))
                .with("rope_type", JsonValue.of("default"));
    }

    /**
     * Llama 3.1's stretching. Its factor is in no file: 8, but 32 in the two small models of 3.2,
     * which are known by their widths (or by a head tied to the embedding).
     */
    private static JsonObject scaledRope(
            ConfigFields params, double theta, int hidden, int vocab, boolean tied) {
        boolean small = vocab == 128256 && (hidden == 2048 || hidden == 3072);
        double factor =
                params.optionalNumber("rope_scaling_factor", 0, true)
                        .orElse(small || tied ? 32.0 : 8.0);
        double high = params.optionalNumber("rope_high_freq_factor", 0, true).orElse(4.0);
        return new JsonObject(new LinkedHashMap<>())
                .with("factor", PythonJson.ofFloat(factor))
                .with("high_freq_factor", PythonJson.ofFloat(high))
                .with("low_freq_factor", PythonJson.ofFloat(1.0))
                .with("original_max_position_embeddings", JsonValue.of(8192))
                .with("rope_theta", PythonJson.ofFloat(theta))
                .with("rope_type", JsonValue.of("llama3"));
    }
}
