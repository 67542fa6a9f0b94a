package tk.model;

import tk.checkpoint.Checkpoint;
import tk.error.IoException;
import tk.error.UsageException;
import tk.filekind.FileKind;
import tk.filekind.FileKind.Weights;
import tk.filekind.FileKinds;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.hf.ConfigInference;
import tk.hf.ConfigReader;
import tk.hf.ModelConfig;
import tk.tensor.Tensor;
import tk.tokenizer.TokenizerFiles;
import tk.torch.TorchReader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model as its training left it: weights, and what lies beside them. Closing it closes the
 * weights.
 *
 * @param path as the user gave it
 * @param format of the weights, as people call it
 * @param weights under the source's own names
 * @param config from {@code config.json}, where there is one
 * @param gguf the metadata of a GGUF file, which then says everything
 * @param tokenizer the tokenizer's files
 */
public record ModelSource(
        Path path,
        String format,
        Checkpoint weights,
        Optional<ModelConfig> config,
        Optional<GgufMetadata> gguf,
        TokenizerFiles tokenizer)
        implements AutoCloseable {

    /**
     * What the user says of an input that does not say it itself.
     *
     * @param config {@code config.json}, where it is not beside the weights
     * @param tokenizer a tokenizer file, or a folder of them
     * @param key which state dict of a training checkpoint to take
     */
    public record Options(Optional<Path> config, Optional<Path> tokenizer, Optional<String> key) {
        /** Nothing: all is found beside the weights. */
        public static final Options NONE =
                new Options(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Opens a file or folder of any kind, recognised by its bytes.
     *
     * @throws tk.error.TkException where it is none that tk reads; the message says what it is
     */
    public static ModelSource open(Path path, Options options) {
        if (!Files.exists(path))
            throw new IoException(path + ": no such file or folder", "Check the path.");
        Path weightsFile = Files.isDirectory(path) ? weightsIn(path) : path;
        FileKind kind = FileKinds.of(weightsFile);
        if (!(kind instanceof Weights weights)) throw FileKinds.refusal(weightsFile, kind);
        Path folder = folderOf(weightsFile);
        Checkpoint checkpoint =
                switch (weights) {
                    case TORCH_ZIP, TORCH_LEGACY, TORCH_TAR ->
                            options.key()
                                    .map(TorchReader::at)
                                    .orElseGet(TorchReader::new)
                                    .open(weightsFile);
                    case GGUF -> new GgufReader().open(weightsFile);
                    case SAFETENSORS -> throw FileKinds.refusal(weightsFile, kind);
                };
        try {
            return new ModelSource(
                    path,
                    weights.title(),
                    checkpoint,
                    config(folder, options),
                    checkpoint instanceof GgufFile gguf
                            ? Optional.of(gguf.gguf())
                            : Optional.empty(),
                    options.tokenizer()
                            .map(TokenizerFiles::of)
                            .orElseGet(() -> TokenizerFiles.in(folder)));
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    /** The folder that holds the weights, and what lies beside them. */
    public Path folder() {
        return Files.isDirectory(path) ? path : folderOf(path);
    }

    /**
     * The configuration.
     *
     * @throws UsageException where there is none; it says what the shapes tell and what must be
     *     given
     */
    public ModelConfig requireConfig() {
        return config.orElseThrow(
                () ->
                        ConfigInference.missing(
                                path,
                                weights.tensors().values().stream().map(Tensor::info).toList()));
    }

    @Override
    public void close() {
        weights.close();
    }

    private static Optional<ModelConfig> config(Path folder, Options options) {
        Path beside = folder.resolve("config.json");
        return options.config()
                .or(() -> Files.isRegularFile(beside) ? Optional.of(beside) : Optional.empty())
                .map(ConfigReader::read);
    }

    private static Path folderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? Path.of(".") : folder;
    }

    /** The one file of weights in a folder, or the index over several. */
    private static Path weightsIn(Path folder) {
        for (String name :
                List.of(
                        "model.safetensors",
                        "model.safetensors.index.json",
                        "pytorch_model.bin",
                        "pytorch_model.bin.index.json")) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) return file;
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> weights =
                    files.filter(Files::isRegularFile)
                            .filter(f -> FileKinds.of(f) instanceof Weights)
                            .sorted()
                            .toList();
            if (weights.size() == 1) return weights.getFirst();
            throw new UsageException(
                    weights.isEmpty()
                            ? folder + ": no weights that tk knows in this folder"
                            : "%s: several files of weights (%s, …)"
                                    .formatted(folder, weights.getFirst().getFileName()),
                    weights.isEmpty()
                            ? "Expected model.safetensors, pytorch_model.bin, a .pt or a .gguf file."
                            : "Name the file.");
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }
}
