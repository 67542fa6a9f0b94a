package tk.model;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.Sha256;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.hf.ConfigInference;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tensor.FileRegion;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What there is to say of a model without computing with it.
 *
 * <p>Whatever beside the weights cannot be read is told as a problem; only weights that cannot be
 * read are an error.
 *
 * @param format of the weights, as people call it
 * @param architecture {@code general.architecture} of a GGUF, the class in a config's {@code
 *     architectures} or else its {@code model_type}; empty where nothing says it
 * @param inferred what the shapes tell, where there is neither config nor GGUF metadata
 * @param parameters values in all tensors; tied ones counted once
 * @param bytes of all tensors; tied ones counted once
 * @param tensors in the order of the file
 * @param metadata of a GGUF by its own keys; of other formats what stands beside the tensors
 * @param config {@code config.json} as it stands, or Meta's {@code params.json}
 * @param tokenizer facts of the tokenizer
 * @param problems what is wrong with what lies beside the weights
 */
public record ModelSummary(
        String format,
        Optional<String> architecture,
        Optional<ConfigInference> inferred,
        long parameters,
        long bytes,
        List<Tensor> tensors,
        JsonObject metadata,
        Optional<JsonObject> config,
        Optional<TokenizerSummary> tokenizer,
        List<String> problems) {

    /** Of an open source; valid as long as it is open. */
    public static ModelSummary of(ModelSource source) {
        List<String> problems = new ArrayList<>();
        Optional<JsonObject> config = Optional.empty();
        Optional<ModelConfig> understood = Optional.empty();
        try {
            config = source.configJson();
            if (source.gguf().isEmpty()) understood = source.config();
        } catch (TkException e) {
            problems.add(e.getMessage());
        }
        List<Tensor> tensors = List.copyOf(source.weights().tensors().values());
        Optional<String> architecture =
                source.gguf()
                        .flatMap(gguf -> gguf.string("general.architecture"))
                        .or(architectureOf(config, understood));
        List<TensorInfo> stored = stored(tensors);
        return new ModelSummary(
                source.format(),
                architecture,
                architecture.isEmpty()
                        ? ConfigInference.of(tensors.stream().map(Tensor::info).toList())
                        : Optional.empty(),
                parameters(stored),
                bytes(stored),
                tensors,
                source.gguf()
                        .map(GgufJson::of)
                        .orElseGet(() -> (JsonObject) JsonValue.of(source.weights().metadata())),
                config,
                TokenizerSummary.of(source),
                problems);
    }

    /** Of tensors that are no model by themselves, such as an adapter's; valid while open. */
    public static ModelSummary of(String format, Checkpoint weights, JsonObject config) {
        List<Tensor> tensors = List.copyOf(weights.tensors().values());
        List<TensorInfo> stored = stored(tensors);
        return new ModelSummary(
                format,
                Optional.empty(),
                Optional.empty(),
                parameters(stored),
                bytes(stored),
                tensors,
                (JsonObject) JsonValue.of(weights.metadata()),
                Optional.of(config),
                Optional.empty(),
                List.of());
    }

    /** Without those that lie where another does. */
    private static List<TensorInfo> stored(List<Tensor> tensors) {
        Set<FileRegion> counted = new HashSet<>();
        List<TensorInfo> stored = new ArrayList<>();
        for (Tensor tensor : tensors) {
            Optional<FileRegion> region = tensor.stored().filter(r -> r.length() > 0);
            if (region.isEmpty() || counted.add(region.get())) stored.add(tensor.info());
        }
        return stored;
    }

    private static long parameters(List<TensorInfo> tensors) {
        return tensors.stream().mapToLong(t -> t.shape().elements()).reduce(0, Math::addExact);
    }

    private static long bytes(List<TensorInfo> tensors) {
        return tensors.stream().mapToLong(TensorInfo::byteSize).reduce(0, Math::addExact);
    }

    /** The settings' own word; where they have none, what they were understood as. */
    private static Supplier<Optional<String>> architectureOf(
            Optional<JsonObject> config, Optional<ModelConfig> understood) {
        return () ->
                config.flatMap(ModelSummary::architecture)
                        .or(() -> understood.map(ModelConfig::architecture));
    }

    private static Optional<String> architecture(JsonObject config) {
        return config.array("architectures")
                .filter(names -> !names.items().isEmpty())
                .map(names -> names.items().getFirst())
                .filter(JsonString.class::isInstance)
                .map(name -> ((JsonString) name).value())
                .or(() -> config.string("model_type"));
    }

    /**
     * The JSON of {@code tk inspect --json}.
     *
     * @param hash whether to read every tensor for its SHA-256
     */
    public JsonObject json(boolean hash) {
        return json(hash, tensor -> Optional.empty());
    }

    /**
     * The JSON of {@code tk inspect --json}.
     *
     * @param hash whether to read every tensor for its SHA-256
     * @param statistics what else there is to say of a tensor, put under {@code stats}
     */
    public JsonObject json(boolean hash, Function<Tensor, Optional<JsonObject>> statistics) {
        SequencedMap<String, JsonValue> json = new LinkedHashMap<>();
        json.put("format", JsonValue.of(format));
        json.put("architecture", JsonValue.of(architecture));
        json.put("parameters", JsonValue.of(parameters));
        json.put("bytes", JsonValue.of(bytes));
        List<JsonValue> items = new ArrayList<>(tensors.size());
        for (Tensor tensor : tensors) {
            JsonObject item = json(tensor, hash);
            items.add(
                    statistics.apply(tensor).map(stats -> item.with("stats", stats)).orElse(item));
        }
        json.put("tensors", new JsonArray(items));
        json.put("metadata", metadata);
        config.ifPresent(value -> json.put("config", value));
        json.put(
                "tokenizer",
                tokenizer
                        .map(TokenizerSummary::json)
                        .orElseGet(() -> new JsonObject(new LinkedHashMap<>())));
        if (!problems.isEmpty()) json.put("problems", JsonValue.of(problems));
        return new JsonObject(json);
    }

    private static JsonObject json(Tensor tensor, boolean hash) {
        TensorInfo info = tensor.info();
        SequencedMap<String, JsonValue> json = new LinkedHashMap<>();
        json.put("name", JsonValue.of(info.name()));
        json.put("dtype", JsonValue.of(info.dtype().name()));
        List<Long> shape = new ArrayList<>();
        for (long dim : info.shape().dims()) shape.add(dim);
        json.put("shape", JsonValue.of(shape));
        json.put("bytes", JsonValue.of(info.byteSize()));
        if (tensor instanceof RefusedTensor refused) {
            json.put("problem", JsonValue.of(refused.problem()));
        } else if (hash) {
            try {
                json.put("sha256", JsonValue.of(Sha256.of(tensor)));
            } catch (UnsupportedException e) {
                json.put("problem", JsonValue.of(e.getMessage()));
            }
        }
        return new JsonObject(json);
    }
}
