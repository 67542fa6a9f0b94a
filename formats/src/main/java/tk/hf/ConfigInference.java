package tk.hf;

import tk.error.UsageException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tensor.DType;
import tk.tensor.TensorInfo;

import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the tensors' shapes tell of a model whose {@code config.json} is missing, and what they
 * cannot tell.
 *
 * <p>Shapes give the products, not the factors: {@code q_proj} has heads × head_dim rows, however
 * many heads those are. Nothing is ever guessed from them; they fill in a {@code config.json} for a
 * person to complete.
 *
 * @param vocab rows of the embedding
 * @param hidden its columns
 * @param layers one more than the highest layer number
 * @param query rows of the query projection: heads × head_dim
 * @param keyValue rows of the key projection: kv heads × head_dim
 * @param feedForward rows of the MLP's gate
 * @param headDim width of a head, where a tensor of that width exists (a norm by head, rotary
 *     frequencies)
 * @param head whether there is an output projection of its own name
 * @param queryBias whether the query projection has a bias
 * @param outputBias whether the attention's output projection has a bias
 * @param mlpBias whether the MLP has biases
 * @param headNorm whether queries are normalized by head
 * @param dtype of the query projection
 */
public record ConfigInference(
        long vocab,
        long hidden,
        int layers,
        long query,
        long keyValue,
        long feedForward,
        Optional<Long> headDim,
        boolean head,
        boolean queryBias,
        boolean outputBias,
        boolean mlpBias,
        boolean headNorm,
        DType dtype) {

    /** Stands where a person must fill in a number; no reader takes it for one. */
    static final String FILL_IN = "?";

    /** The same tensor's name with Hugging Face, Meta and torchtune. */
    private enum Part {
        EMBEDDING("(?:embed_tokens|tok_embeddings)\\.weight"),
        HEAD("(?:lm_head|output)\\.weight"),
        QUERY("layers\\.\\d+\\.(?:self_attn\\.q_proj|attention\\.wq|attn\\.q_proj)\\.weight"),
        QUERY_BIAS("layers\\.\\d+\\.(?:self_attn\\.q_proj|attention\\.wq|attn\\.q_proj)\\.bias"),
        KEY("layers\\.\\d+\\.(?:self_attn\\.k_proj|attention\\.wk|attn\\.k_proj)\\.weight"),
        OUTPUT_BIAS(
                "layers\\.\\d+\\.(?:self_attn\\.o_proj|attention\\.wo|attn\\.output_proj)\\.bias"),
        GATE("layers\\.\\d+\\.(?:mlp\\.gate_proj|feed_forward\\.w1|mlp\\.w1)\\.weight"),
        GATE_BIAS("layers\\.\\d+\\.(?:mlp\\.gate_proj|feed_forward\\.w1|mlp\\.w1)\\.bias"),
        HEAD_NORM("layers\\.\\d+\\.(?:self_attn|attn)\\.q_norm\\.(?:weight|scale)"),
        FREQUENCIES("(?:rotary_emb\\.inv_freq|rope\\.freqs)");

        private final Pattern pattern;

        Part(String name) {
            pattern = Pattern.compile("(?:.*\\.)?" + name);
        }
    }

    private static final Pattern LAYER = Pattern.compile("(?:.*\\.)?layers\\.(\\d{1,5})\\..*");

    /** What these tensors tell; empty where they are not a LLaMA-like decoder's. */
    public static Optional<ConfigInference> of(Collection<TensorInfo> tensors) {
        Optional<TensorInfo> embedding = find(tensors, Part.EMBEDDING, 2);
        Optional<TensorInfo> query = find(tensors, Part.QUERY, 2);
        Optional<TensorInfo> key = find(tensors, Part.KEY, 2);
        Optional<TensorInfo> gate = find(tensors, Part.GATE, 2);
        if (embedding.isEmpty() || query.isEmpty() || key.isEmpty() || gate.isEmpty())
            return Optional.empty();
        Optional<Long> headDim =
                find(tensors, Part.HEAD_NORM, 1)
                        .map(norm -> norm.shape().dim(0))
                        .or(
                                () ->
                                        find(tensors, Part.FREQUENCIES, 1)
                                                .map(freqs -> 2 * freqs.shape().dim(0)))
                        .filter(width -> width > 0 && query.get().shape().dim(0) % width == 0);
        return Optional.of(
                new ConfigInference(
                        embedding.get().shape().dim(0),
                        embedding.get().shape().dim(1),
                        layers(tensors),
                        query.get().shape().dim(0),
                        key.get().shape().dim(0),
                        gate.get().shape().dim(0),
                        headDim,
                        find(tensors, Part.HEAD, 2).isPresent(),
                        find(tensors, Part.QUERY_BIAS, 1).isPresent(),
                        find(tensors, Part.OUTPUT_BIAS, 1).isPresent(),
                        find(tensors, Part.GATE_BIAS, 1).isPresent(),
                        find(tensors, Part.HEAD_NORM, 1).isPresent(),
                        query.get().dtype()));
    }

    private static Optional<TensorInfo> find(Collection<TensorInfo> tensors, Part part, int rank) {
        return tensors.stream()
                .filter(info -> info.shape().rank() == rank)
                .filter(info -> part.pattern.matcher(info.name()).matches())
                .findFirst();
    }

    private static int layers(Collection<TensorInfo> tensors) {
        int layers = 0;
        for (TensorInfo info : tensors) {
            Matcher layer = LAYER.matcher(info.name());
            if (layer.matches()) layers = Math.max(layers, Integer.parseInt(layer.group(1)) + 1);
        }
        return layers;
    }

    /** The family the tensors' presence points to. */
    public Family family() {
        if (headNorm) return Family.QWEN3;
        return queryBias && !outputBias ? Family.QWEN2 : Family.LLAMA;
    }

    /** A {@code config.json} with {@code "?"} for every number that must be given. */
    public JsonObject template() {
        SequencedMap<String, JsonValue> config = new LinkedHashMap<>();
        config.put("architectures", JsonValue.of(List.of(family().architecture())));
        config.put("model_type", JsonValue.of(family().modelType()));
        config.put("hidden_size", JsonValue.of(hidden));
        config.put("num_hidden_layers", JsonValue.of(layers));
        config.put("intermediate_size", JsonValue.of(feedForward));
        config.put("vocab_size", JsonValue.of(vocab));
        config.put(
                "num_attention_heads",
                headDim.map(width -> JsonValue.of(query / width)).orElse(JsonValue.of(FILL_IN)));
        config.put(
                "num_key_value_heads",
                headDim.map(width -> JsonValue.of(keyValue / width)).orElse(JsonValue.of(FILL_IN)));
        headDim.ifPresent(width -> config.put("head_dim", JsonValue.of(width)));
        config.put("max_position_embeddings", JsonValue.of(FILL_IN));
        config.put("rms_norm_eps", JsonValue.of(FILL_IN));
        config.put("rope_theta", JsonValue.of(FILL_IN));
        if (family() == Family.LLAMA) {
            if (queryBias) config.put("attention_bias", JsonValue.of(true));
            if (mlpBias) config.put("mlp_bias", JsonValue.of(true));
        }
        config.put("tie_word_embeddings", JsonValue.of(!head));
        return new JsonObject(config);
    }

    /** The keys that must be given, each with what is known of it. */
    public List<String> unknown() {
        return unknown(template());
    }

    private List<String> unknown(JsonObject template) {
        Map<String, String> questions = new LinkedHashMap<>();
        questions.put(
                "num_attention_heads",
                "num_attention_heads (heads x head_dim = %d)".formatted(query));
        questions.put(
                "num_key_value_heads",
                keyValue == query
                        ? "num_key_value_heads (as many as heads)"
                        : "num_key_value_heads (heads / %s)".formatted(ratio()));
        questions.put("max_position_embeddings", "max_position_embeddings");
        questions.put("rms_norm_eps", "rms_norm_eps (in code after Llama 2: 1e-05)");
        questions.put(
                "rope_theta",
                "rope_theta (in code after Llama 2: 10000; and rope_scaling, if it was trained with one)");
        questions.put("rope_scaling", "rope_scaling (an object, in place of \"?\")");
        return questions.entrySet().stream()
                .filter(
                        question ->
                                template.string(question.getKey())
                                        .filter(FILL_IN::equals)
                                        .isPresent())
                .map(Map.Entry::getValue)
                .toList();
    }

    private String ratio() {
        return keyValue > 0 && query % keyValue == 0
                ? Long.toString(query / keyValue)
                : String.format(Locale.ROOT, "%d x %d", query, keyValue);
    }

    /**
     * What to throw where a model's config is missing: what follows from the shapes, what must be
     * given, and a {@code config.json} to complete.
     *
     * @param model the file with the tensors
     * @param saved the settings that the file itself holds, which do not say everything
     */
    public static UsageException missing(
            Path model, Collection<TensorInfo> tensors, Optional<SavedConfig> saved) {
        String first = model + ": no config.json beside it, and none was given";
        Optional<ConfigInference> inference = of(tensors);
        if (inference.isEmpty()) {
            return new UsageException(
                    first,
                    "Give one with --config FILE. (These do not look like the tensors of a LLaMA-like model: %s.)"
                            .formatted(names(tensors)));
        }
        ConfigInference known = inference.get();
        JsonObject template =
                saved.map(settings -> settings.with(known)).orElseGet(known::template);
        List<String> said =
                known.unknown().stream()
                        .map(question -> question.replaceFirst(" .*", ""))
                        .flatMap(
                                key ->
                                        template.number(key).stream()
                                                .map(number -> key + " " + number.text()))
                        .toList();
        return new UsageException(
                """
                %s
                  from the shapes: hidden_size %d, num_hidden_layers %d, intermediate_size %d, vocab_size %d%s%s
                  must be given:   %s"""
                        .formatted(
                                first,
                                known.hidden,
                                known.layers,
                                known.feedForward,
                                known.vocab,
                                known.headDim.map(width -> ", head_dim " + width).orElse(""),
                                said.isEmpty()
                                        ? ""
                                        : "\n  from the file:   " + String.join(", ", said),
                                String.join("\n                   ", known.unknown(template))),
                """
                Save this as config.json beside the model, or give it with --config, with a number for every "?":
                %s"""
                        .formatted(JsonText.PRETTY.write(template)));
    }

    private static String names(Collection<TensorInfo> tensors) {
        List<String> names = tensors.stream().limit(3).map(TensorInfo::name).toList();
        String shown = names.isEmpty() ? "none" : String.join(", ", names);
        return tensors.size() > 3 ? shown + ", …" : shown;
    }
}
