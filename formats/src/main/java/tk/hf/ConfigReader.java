package tk.hf;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.hf.Family.Defaults;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads {@code config.json} in the spellings of transformers 4 and 5, with the defaults of
 * transformers' own configuration classes.
 *
 * <p>Every number is checked against bounds no real model reaches, so that what follows may compute
 * with it without fear of overflow.
 */
public final class ConfigReader {
    private static final int MAX_WIDTH = 1 << 20;
    private static final int MAX_LAYERS = 1 << 14;
    private static final int MAX_VOCABULARY = 1 << 27;
    private static final int MAX_POSITIONS = 1 << 30;

    /** Names of the one activation that these families have. */
    private static final Set<String> SILU = Set.of("silu", "swish");

    private ConfigReader() {}

    /**
     * The settings in a file.
     *
     * @throws MalformedException where it is no JSON object or a value is out of bounds
     * @throws UnsupportedException where it describes a model that tk does not convert
     */
    public static ModelConfig read(Path file) {
        return parse(Json.readObject(file), file.toString());
    }

    /**
     * The settings in an object.
     *
     * @param file what to call it in errors
     */
    public static ModelConfig parse(JsonObject json, String file) {
        ConfigFields fields = new ConfigFields(json, file, "");
        Family family = family(fields);
        Defaults defaults = family.defaults();
        refuseUnsupported(fields);

        int hidden = fields.whole("hidden_size", defaults.hiddenSize(), 1, MAX_WIDTH);
        int heads = fields.whole("num_attention_heads", defaults.heads(), 1, MAX_WIDTH);
        int kvHeads = kvHeads(fields, defaults, heads);
        int headDim = headDim(fields, defaults, hidden, heads);
        int maxPositions =
                fields.whole("max_position_embeddings", defaults.maxPositions(), 1, MAX_POSITIONS);
        boolean configuredBias =
                family.biases() == Family.Biases.AS_CONFIGURED
                        && fields.bool("attention_bias", false);
        return new ModelConfig(
                family.architecture(),
                hidden,
                fields.whole("num_hidden_layers", defaults.layers(), 1, MAX_LAYERS),
                heads,
                kvHeads,
                headDim,
                fields.whole("intermediate_size", defaults.feedForward(), 1, MAX_WIDTH << 4),
                fields.json().get("rms_norm_eps").isEmpty()
                        ? 1e-6
                        : fields.number("rms_norm_eps", 0, true),
                RopeReader.read(fields, maxPositions, headDim),
                fields.whole("vocab_size", defaults.vocabSize(), 1, MAX_VOCABULARY),
                maxPositions,
                fields.bool("tie_word_embeddings", false),
                configuredBias || family.biases() == Family.Biases.ON_QUERY_KEY_VALUE,
                family == Family.LLAMA && fields.bool("mlp_bias", false),
                slidingWindow(fields, family),
                fields.tokenId("bos_token_id", boxed(defaults.bosTokenId())),
                fields.tokenIds(
                        "eos_token_id",
                        boxed(defaults.eosTokenId()).map(List::of).orElse(List.of())),
                fields.tokenId("pad_token_id", Optional.empty()),
                fields.string("dtype").or(() -> fields.string("torch_dtype")),
                json);
    }

    /** The family by {@code architectures}, or by {@code model_type} where there are none. */
    private static Family family(ConfigFields fields) {
        Optional<String> architecture = architecture(fields);
        Optional<String> modelType = fields.string("model_type");
        if (architecture.isPresent()) {
            Family family =
                    Family.ofArchitecture(architecture.get())
                            .orElseThrow(
                                    () ->
                                            unsupported(
                                                    fields,
                                                    "architectures[0]: `"
                                                            + architecture.get()
                                                            + "`"));
            if (modelType.isPresent()
                    && Family.ofModelType(modelType.get()).filter(f -> f != family).isPresent()) {
                throw new MalformedException(
                        "%s: architectures[0] is `%s`, but model_type is `%s`"
                                .formatted(fields.file(), architecture.get(), modelType.get()),
                        "Make the two agree; model_type of %s is `%s`."
                                .formatted(family.architecture(), family.modelType()));
            }
            return family;
        }
        if (modelType.isPresent()) {
            return Family.ofModelType(modelType.get())
                    .orElseThrow(
                            () -> unsupported(fields, "model_type: `" + modelType.get() + "`"));
        }
        throw new MalformedException(
                fields.file() + ": neither architectures nor model_type: the family is unknown",
                "For a LLaMA-like model add \"model_type\": \"llama\".");
    }

    private static Optional<String> architecture(ConfigFields fields) {
        if (!fields.has("architectures")) return Optional.empty();
        JsonValue value = fields.json().get("architectures").orElseThrow();
        if (value instanceof JsonArray(var items)) {
            if (items.isEmpty()) return Optional.empty();
            if (items.getFirst() instanceof JsonString(String name)) return Optional.of(name);
        }
        throw fields.wrong("architectures", "a list of class names", value);
    }

    private static UnsupportedException unsupported(ConfigFields fields, String what) {
        return new UnsupportedException(
                fields.file() + ": " + what + " is not supported",
                "Supported: "
                        + Arrays.stream(Family.values())
                                .map(Family::architecture)
                                .collect(Collectors.joining(", "))
                        + ".");
    }

    private static void refuseUnsupported(ConfigFields fields) {
        fields.string("hidden_act")
                .filter(act -> !SILU.contains(act))
                .ifPresent(
                        act -> {
                            throw new UnsupportedException(
                                    fields.file() + ": hidden_act `" + act + "` is not supported",
                                    "Supported: silu.");
                        });
        fields.object("quantization_config")
                .ifPresent(
                        quantization -> {
                            throw new UnsupportedException(
                                    "%s: quantization_config: weights quantized by `%s` are not supported"
                                            .formatted(
                                                    fields.file(),
                                                    quantization
                                                            .json()
                                                            .string("quant_method")
                                                            .orElse("an unnamed method")),
                                    "Use the model's unquantized weights (F32, F16 or BF16).");
                        });
    }

    private static int kvHeads(ConfigFields fields, Defaults defaults, int heads) {
        String key = "num_key_value_heads";
        int absent = defaults.kvHeads().orElse(heads);
        int kvHeads = fields.isNull(key) ? heads : fields.whole(key, absent, 1, MAX_WIDTH);
        if (heads % kvHeads != 0) {
            throw new MalformedException(
                    "%s: num_attention_heads %d is no multiple of num_key_value_heads %d%s"
                            .formatted(
                                    fields.file(),
                                    heads,
                                    kvHeads,
                                    fields.has(key) ? "" : " (its default, as it is left out)"));
        }
        return kvHeads;
    }

    private static int headDim(ConfigFields fields, Defaults defaults, int hidden, int heads) {
        int headDim;
        if (fields.has("head_dim")) headDim = fields.whole("head_dim", 1, MAX_WIDTH);
        else if (!fields.isNull("head_dim") && defaults.headDim().isPresent())
            headDim = defaults.headDim().getAsInt();
        else if (hidden % heads == 0) headDim = hidden / heads;
        else
            throw new MalformedException(
                    "%s: hidden_size %d is no multiple of num_attention_heads %d, and head_dim is not given"
                            .formatted(fields.file(), hidden, heads));
        if (headDim % 2 != 0)
            throw new MalformedException(
                    "%s: head_dim %d is odd, but the rotary embedding turns pairs"
                            .formatted(fields.file(), headDim));
        return headDim;
    }

    private static Optional<Integer> slidingWindow(ConfigFields fields, Family family) {
        boolean slides =
                switch (family) {
                    case LLAMA -> false;
                    case MISTRAL -> true;
                    case QWEN2, QWEN3 -> fields.bool("use_sliding_window", false);
                };
        if (!slides) return Optional.empty();
        if (fields.json().get("sliding_window").isEmpty()) return Optional.of(4096);
        return fields.optionalWhole("sliding_window", 1, MAX_POSITIONS);
    }

    private static Optional<Integer> boxed(OptionalInt value) {
        return value.isPresent() ? Optional.of(value.getAsInt()) : Optional.empty();
    }
}
