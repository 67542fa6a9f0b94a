package tk.hf;

import static java.nio.charset.StandardCharsets.UTF_8;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.error.UnsupportedException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.safetensors.SafetensorsWriter;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.Tensor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Plans a Hugging Face folder, file for file as {@code save_pretrained} of transformers 5 writes
 * it.
 *
 * <ol>
 *   <li>{@code config.json}, {@code generation_config.json}
 *   <li>{@code model.safetensors}, or shards {@code model-0000i-of-0000n.safetensors} and {@code
 *       model.safetensors.index.json}
 *   <li>the tokenizer's files, as they are
 * </ol>
 */
public final class HfFolderWriter {
    /** What transformers 5 splits at unless told otherwise: 50 GB. */
    public static final long DEFAULT_MAX_SHARD_SIZE = 50_000_000_000L;

    private static final String HEAD = "lm_head.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";

    private HfFolderWriter() {}

    /**
     * What goes into the folder besides the weights.
     *
     * @param config the model's settings
     * @param generation the {@code generation_config.json} it came with
     * @param tokenizer the tokenizer's files by name, such as {@link TokenizerCopies} gives
     * @param olderSpellings whether the config also carries the keys that readers before
     *     transformers 5 look for
     */
    public record Contents(
            ModelConfig config,
            Optional<JsonObject> generation,
            SequencedMap<String, byte[]> tokenizer,
            boolean olderSpellings) {}

    /**
     * The plan of a folder.
     *
     * <p>{@code lm_head.weight} is left out where it is the embedding under another name, and
     * {@code tie_word_embeddings} says what is true of the tensors, whatever the config said.
     *
     * @param weights under Hugging Face's names, in any order
     * @param maxShardSize in bytes; a single larger tensor still gets a file
     * @param target the folder
     */
    public static WritePlan plan(
            Contents contents, Checkpoint weights, long maxShardSize, Path target) {
        if (maxShardSize < 1) throw new IllegalArgumentException("shards of " + maxShardSize);
        boolean tied = isTied(weights);
        List<Tensor> tensors = new ArrayList<>(weights.tensors().values());
        if (tied) tensors.removeIf(tensor -> tensor.info().name().equals(HEAD));
        tensors = StateDictOrder.sorted(tensors);

        JsonObject config = ConfigWriter.config(contents.config(), dtype(tensors, target), tied);
        List<PlannedFile> files = new ArrayList<>();
        files.add(
                json(
                        "config.json",
                        contents.olderSpellings()
                                ? ConfigWriter.withOlderSpellings(config)
                                : config));
        files.add(
                json(
                        "generation_config.json",
                        ConfigWriter.generation(config, contents.generation())));
        addWeights(files, tensors, maxShardSize);
        contents.tokenizer().forEach((name, bytes) -> files.add(literal(name, bytes)));
        return new WritePlan(target, true, files);
    }

    private static void addWeights(
            List<PlannedFile> files, List<Tensor> tensors, long maxShardSize) {
        List<List<Tensor>> shards = Sharding.split(tensors, maxShardSize);
        SequencedMap<String, JsonValue> weightMap = new LinkedHashMap<>();
        long size = 0;
        long parameters = 0;
        for (int i = 0; i < shards.size(); i++) {
            String name = Sharding.name(i, shards.size());
            files.add(SafetensorsWriter.file(shards.get(i), Map.of("format", "pt"), Path.of(name)));
            for (Tensor tensor : shards.get(i)) {
                weightMap.put(tensor.info().name(), JsonValue.of(name));
                size = Math.addExact(size, tensor.info().byteSize());
                parameters = Math.addExact(parameters, tensor.info().shape().elements());
            }
        }
        if (shards.size() == 1) return;
        SequencedMap<String, JsonValue> index = new LinkedHashMap<>();
        index.put(
                "metadata",
                JsonValue.of(Map.of("total_parameters", parameters, "total_size", size)));
        index.put("weight_map", new JsonObject(weightMap));
        files.add(json("model.safetensors.index.json", new JsonObject(index)));
    }

    /** Whether the head is absent, or is the embedding's bytes under another name. */
    private static boolean isTied(Checkpoint weights) {
        Tensor head = weights.tensors().get(HEAD);
        Tensor embedding = weights.tensors().get(EMBEDDING);
        if (head == null) return true;
        if (embedding == null) return false;
        Optional<FileRegion> region = head.stored();
        return region.isPresent() && region.equals(embedding.stored());
    }

    /** The type of the first parameter of floating-point numbers, in PyTorch's words. */
    private static String dtype(List<Tensor> tensors, Path target) {
        DType type =
                tensors.stream()
                        .map(tensor -> tensor.info().dtype())
                        .filter(DType::isFloat)
                        .findFirst()
                        .orElse(DType.F32);
        return switch (type) {
            case F64 -> "float64";
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default ->
                    throw new UnsupportedException(
                            "%s: weights of type %s cannot be written as a Hugging Face folder"
                                    .formatted(target, type),
                            "Choose --dtype f32, f16 or bf16.");
        };
    }

    private static PlannedFile json(String name, JsonObject json) {
        return literal(name, (JsonText.HUGGING_FACE.write(json) + "\n").getBytes(UTF_8));
    }

    private static PlannedFile literal(String name, byte[] bytes) {
        return new PlannedFile(Path.of(name), List.of(new PlannedFile.Literal(bytes)));
    }
}
