package tk.convert.lora;

import tk.checkpoint.Checkpoint;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.filekind.FileKind;
import tk.filekind.FileKinds;
import tk.safetensors.SafetensorsReader;
import tk.torch.TorchReader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An opened adapter: a folder with {@code adapter_config.json} and {@code
 * adapter_model.safetensors} or {@code .bin}, or torchtune's {@code adapter_N.pt}.
 *
 * @param folder as the user gave it
 * @param file the tensors' file
 * @param config what the adapter is
 * @param tensors under the file's own names; closing the adapter closes them
 */
public record Adapter(Path folder, Path file, AdapterConfig config, Checkpoint tensors)
        implements AutoCloseable {
    /** The name PEFT gives the configuration. */
    public static final String CONFIG = "adapter_config.json";

    private static final List<String> NAMES =
            List.of("adapter_model.safetensors", "adapter_model.bin", "adapter_model.pt");
    private static final List<String> MODELS =
            List.of(
                    "model.safetensors",
                    "model.safetensors.index.json",
                    "pytorch_model.bin",
                    "pytorch_model.bin.index.json");
    private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,9})");
    private static final Pattern TORCHTUNE = Pattern.compile("adapter_(\\d{1,9})\\.pt");

    /**
     * Opens a folder, or the folder that a file with tensors lies in.
     *
     * @throws IoException where there is no such path
     * @throws MalformedException where configuration or tensors are missing, or are not what their
     *     names say
     * @throws tk.error.UnsupportedException where it is no LoRA
     * @throws tk.error.UnsafeException where the tensors' file does more than hold tensors
     */
    public static Adapter open(Path path) {
        if (!Files.exists(path)) {
            throw new IoException(path + ": no such file or folder", "Check the path.");
        }
        boolean single = Files.isRegularFile(path);
        Path absolute = path.toAbsolutePath().getParent();
        Path folder = single && absolute != null ? absolute : path;
        Path settings = folder.resolve(CONFIG);
        if (!Files.isRegularFile(settings)) {
            throw new MalformedException(
                    folder + ": no " + CONFIG + ", so this is no adapter",
                    within(folder)
                            .map(inner -> "There is one in %s.".formatted(inner))
                            .orElse("Give the folder that PEFT's save_pretrained wrote."));
        }
        refusePointer(settings);
        AdapterConfig config = AdapterConfig.read(settings);
        boolean tensors = single && !path.endsWith(CONFIG);
        Path file = tensors ? path : find(folder);
        Checkpoint checkpoint = read(file);
        if (checkpoint.tensors().isEmpty()) {
            checkpoint.close();
            throw new MalformedException(
                    file + ": holds no tensors", "The adapter was saved empty: save it again.");
        }
        return new Adapter(folder, file, config, checkpoint);
    }

    /** Whether a path is an adapter's folder, and not also a model's. */
    public static boolean recognises(Path path) {
        return Files.isRegularFile(path.resolve(CONFIG))
                && MODELS.stream().noneMatch(name -> Files.exists(path.resolve(name)));
    }

    /**
     * The configuration of the model it was trained on: where the name that its author gave it
     * leads to a folder on this machine, or as a trainer saved it beside the adapter.
     */
    public Optional<Path> baseConfig() {
        return Stream.concat(
                        config
                                .baseModel()
                                .filter(name -> name.length() < 4096 && name.indexOf('\0') < 0)
                                .stream()
                                .flatMap(name -> Stream.of(folder.resolve(name), Path.of(name))),
                        Stream.of(folder))
                .map(base -> base.resolve("config.json"))
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static Path find(Path folder) {
        for (String name : NAMES) {
            Path file = folder.resolve(name);
            if (Files.isRegularFile(file)) return file;
        }
        return torchtune(folder)
                .orElseThrow(
                        () ->
                                new MalformedException(
                                        folder
                                                + ": a configuration, but no adapter_model.safetensors"
                                                + " or adapter_model.bin",
                                        "Fetch the tensors into the folder of the configuration."));
    }

    /**
     * An adapter one folder deeper: a trainer's last checkpoint, or one that PEFT saved by name.
     */
    private static Optional<Path> within(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> Files.isRegularFile(file.resolve(CONFIG)))
                    .max(Comparator.comparingInt(Adapter::step).thenComparing(Path::toString));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static int step(Path folder) {
        Matcher name = CHECKPOINT.matcher(String.valueOf(folder.getFileName()));
        return name.matches() ? Integer.parseInt(name.group(1)) : -1;
    }

    /** torchtune writes a file an epoch; the last counts. */
    private static Optional<Path> torchtune(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> epoch(file) >= 0)
                    .max(Comparator.comparingInt(Adapter::epoch));
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }

    private static int epoch(Path file) {
        Matcher name = TORCHTUNE.matcher(String.valueOf(file.getFileName()));
        return name.matches() ? Integer.parseInt(name.group(1)) : -1;
    }

    private static Checkpoint read(Path file) {
        FileKind kind = FileKinds.of(file);
        return switch (kind) {
            case FileKind.Weights.SAFETENSORS -> new SafetensorsReader().open(file);
            case FileKind.Weights.TORCH_ZIP,
                    FileKind.Weights.TORCH_LEGACY,
                    FileKind.Weights.TORCH_TAR ->
                    new TorchReader().open(file);
            case FileKind.Weights.GGUF ->
                    throw new MalformedException(
                            file + ": a GGUF, expected the tensors of a PEFT adapter",
                            "Give the adapter that it was made from.");
            default -> throw FileKinds.refusal(file, kind);
        };
    }

    private static void refusePointer(Path file) {
        FileKind kind = FileKinds.of(file);
        if (kind instanceof FileKind.LfsPointer) throw FileKinds.refusal(file, kind);
    }

    @Override
    public void close() {
        tensors.close();
    }
}
