package tk.modelfile.check;

import tk.checkpoint.Checkpoint;
import tk.error.IoException;
import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.model.ModelSource;
import tk.tensor.DType;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What Ollama's own importer makes of a folder ({@code FROM .}): which files it takes, why it
 * refuses, and what it is known to get wrong without a word.
 *
 * <p>Source: Ollama's {@code parser} and {@code convert} as of version 0.33.
 *
 * @param weights the files of weights it takes
 * @param refusals why it refuses; empty where it does not
 * @param warnings what it gets wrong
 */
public record FolderImport(List<Path> weights, List<String> refusals, List<String> warnings) {
    /** Copies the lists. */
    public FolderImport {
        weights = List.copyOf(weights);
        refusals = List.copyOf(refusals);
        warnings = List.copyOf(warnings);
    }

    /** The warning of a SentencePiece vocabulary without byte pieces. */
    public static final String NO_BYTE_PIECES =
            "the vocabulary has no byte pieces: Ollama ends at the first character it does not know (--byte-fallback add)";

    /** In this order; the first that matches anything is taken. */
    private static final List<Pattern> WEIGHTS =
            List.of(
                    Pattern.compile("model.*\\.safetensors"),
                    Pattern.compile("consolidated.*\\.safetensors"),
                    Pattern.compile("pytorch_model.*\\.bin"),
                    Pattern.compile("consolidated.*\\.pth"),
                    Pattern.compile(".*\\.gguf"),
                    Pattern.compile(".*\\.bin"));

    /** The text models among those it converts. */
    private static final Set<String> ARCHITECTURES =
            Set.of(
                    "LlamaForCausalLM",
                    "MixtralForCausalLM",
                    "Mistral3ForConditionalGeneration",
                    "Ministral3ForCausalLM",
                    "GemmaForCausalLM",
                    "Gemma2ForCausalLM",
                    "Gemma3ForCausalLM",
                    "Gemma3ForConditionalGeneration",
                    "Phi3ForCausalLM",
                    "Qwen2ForCausalLM",
                    "Qwen3NextForCausalLM",
                    "Olmo3ForCausalLM",
                    "CohereForCausalLM",
                    "GptOssForCausalLM",
                    "DeepseekV3ForCausalLM");

    /** Those that tk converts and Ollama does not, whatever its documentation says. */
    private static final Set<String> REFUSED =
            Set.of("MistralForCausalLM", "Qwen3ForCausalLM", "Qwen3MoeForCausalLM");

    /** Looks at a folder as Ollama would. */
    public static FolderImport of(Path folder) {
        List<String> refusals = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        List<Path> weights = weights(folder, warnings);
        if (weights.isEmpty()) {
            refusals.add(
                    folder
                            + ": no model*.safetensors, consolidated*.safetensors or *.gguf; Ollama takes no other names");
            return new FolderImport(weights, refusals, warnings);
        }
        String first = String.valueOf(weights.getFirst().getFileName());
        if (first.endsWith(".gguf")) return new FolderImport(weights, refusals, warnings);
        if (!first.endsWith(".safetensors")) {
            refusals.add(
                    "%s: Ollama's importer of PyTorch files writes nothing; give it safetensors"
                            .formatted(first));
            return new FolderImport(weights, refusals, warnings);
        }
        refuseLinks(folder, weights, refusals);
        try {
            config(folder, refusals, warnings);
            dtypes(folder, warnings);
        } catch (TkException e) {
            refusals.add(e.getMessage());
        }
        if (refusals.isEmpty()) {
            warnings.add(
                    "Ollama's sources after 0.33 import folders for their MLX engine alone: there, package a GGUF");
        }
        return new FolderImport(weights, refusals, warnings);
    }

    private static List<Path> weights(Path folder, List<String> warnings) {
        List<Path> files = list(folder).stream().filter(Files::isRegularFile).toList();
        for (Pattern pattern : WEIGHTS) {
            List<Path> matching =
                    files.stream()
                            .filter(f -> pattern.matcher(String.valueOf(f.getFileName())).matches())
                            .toList();
            if (matching.isEmpty()) continue;
            List<Path> all = new ArrayList<>(matching);
            if (pattern == WEIGHTS.getFirst()) all.addAll(nested(folder, pattern, warnings));
            return all;
        }
        return List.of();
    }

    private static List<Path> nested(Path folder, Pattern pattern, List<String> warnings) {
        List<Path> found = new ArrayList<>();
        for (Path sub : list(folder)) {
            if (!Files.isDirectory(sub)) continue;
            for (Path file : list(sub)) {
                if (pattern.matcher(String.valueOf(file.getFileName())).matches()) {
                    found.add(file);
                    warnings.add(
                            folder.relativize(file)
                                    + " is taken for a part of the model too; move it elsewhere");
                }
            }
        }
        return found;
    }

    private static void refuseLinks(Path folder, List<Path> weights, List<String> refusals) {
        try {
            Path root = folder.toRealPath();
            for (Path file : weights) {
                if (!file.toRealPath().startsWith(root)) {
                    refusals.add(
                            file + ": a link out of the folder, which Ollama refuses as insecure");
                }
            }
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private static void config(Path folder, List<String> refusals, List<String> warnings) {
        Path file = folder.resolve("config.json");
        if (!Files.isRegularFile(file)) {
            refusals.add(folder + ": no config.json");
            return;
        }
        JsonObject config = Json.readObject(file);
        String architecture =
                config.array("architectures")
                        .map(JsonArray::items)
                        .filter(items -> !items.isEmpty())
                        .map(items -> items.getFirst() instanceof JsonString(String s) ? s : "")
                        .orElse("");
        if (architecture.isEmpty()) {
            refusals.add(file + ": no architectures, by which Ollama chooses how to convert");
        } else if (REFUSED.contains(architecture)) {
            refusals.add("Ollama does not convert " + architecture + "; package a GGUF");
        } else if (!ARCHITECTURES.contains(architecture)) {
            warnings.add("Ollama may not convert " + architecture);
        }
        SettingsImport.warn(config, warnings);
        TokenizerImport.warn(folder, config, warnings);
    }

    private static void dtypes(Path folder, List<String> warnings) {
        try (ModelSource source = ModelSource.open(folder, ModelSource.Options.NONE)) {
            Checkpoint weights = source.weights();
            for (Tensor tensor : weights.tensors().values()) {
                if (tensor.info().dtype() == DType.F32 && tensor.info().shape().rank() >= 2) {
                    warnings.add(
                            "F32 weights become F16 in Ollama, and beyond 65504 infinite; --type f16 or bf16 keeps what is verified");
                    return;
                }
            }
        }
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }
}
