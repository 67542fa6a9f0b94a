package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.CheckpointReader;
import tk.checkpoint.TensorMap;
import tk.error.TkException;
import tk.error.UnsafeException;
import tk.filekind.FileKind.Weights;
import tk.filekind.FileKinds;
import tk.json.JsonText;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Opens what {@code torch.save} writes.
 *
 * <p>The pickle is interpreted by a closed list of what a checkpoint may hold; nothing is imported
 * or called. The checkpoint's tensors are those of the model's state dict, under their names in the
 * file without what wrapping the model added ({@code module.}, {@code _orig_mod.}). Tensors that
 * share their bytes have equal {@link tk.tensor.FileRegion}s; those tk cannot give are {@link
 * tk.tensor.RefusedTensor}s.
 *
 * <p>Metadata: {@code torch.container} is the file's form, {@code torch.key} the path of the state
 * dict within the saved object where it is not the object itself, {@code torch.prefix} what was
 * taken off the names, {@code torch.config} the model's settings, as JSON, where they were saved
 * too.
 */
public final class TorchReader implements CheckpointReader {
    private static final String CONFIG = "torch.config";

    private final @Nullable String key;

    /** A reader that finds the state dict by itself. */
    public TorchReader() {
        this(null);
    }

    private TorchReader(@Nullable String key) {
        this.key = key;
    }

    /**
     * A reader of the state dict at a given place.
     *
     * @param path keys joined by dots, such as {@code model} or {@code callbacks.ema}; {@code .} is
     *     the saved object itself
     */
    public static TorchReader at(String path) {
        return new TorchReader(path);
    }

    @Override
    public boolean recognises(Path path) {
        if (Files.isDirectory(path)) return false;
        return switch (FileKinds.of(path)) {
            case Weights weights ->
                    switch (weights) {
                        case TORCH_ZIP, TORCH_LEGACY, TORCH_TAR -> true;
                        case SAFETENSORS, GGUF -> false;
                    };
            default -> false;
        };
    }

    @Override
    public Checkpoint open(Path path) {
        return open(SourceFile.open(path), TorchContainer::open);
    }

    /**
     * As {@link #open(Path)}, of a file that is already open.
     *
     * @param file is closed with the checkpoint, or here where there is none
     * @param form finds the saved object in it
     */
    Checkpoint open(SourceFile file, Function<SourceFile, TorchContainer> form) {
        try {
            TorchContainer container = form.apply(file);
            StateDict chosen =
                    new StateDictSearch(new SavedObject(file.toString(), container.root()))
                            .find(key);
            TorchTensors tensors = new TorchTensors(file.toString(), container);
            List<Tensor> list = new ArrayList<>();
            chosen.tensors().forEach((name, value) -> list.add(tensors.tensor(name, value)));
            Map<String, String> metadata = new LinkedHashMap<>();
            metadata.put("torch.container", container.form());
            if (!chosen.key().isEmpty()) metadata.put("torch.key", chosen.key());
            if (!chosen.prefix().isEmpty()) metadata.put("torch.prefix", chosen.prefix());
            SavedSettings.of(container.root())
                    .ifPresent(found -> metadata.put(CONFIG, JsonText.COMPACT.write(found)));
            return new TensorMap(list, metadata, List.of(file));
        } catch (UnsafeException e) {
            try (file) {
                throw explained(e, file);
            }
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** The commonest reasons for a refusal deserve their names. */
    private static UnsafeException explained(UnsafeException refusal, SourceFile file) {
        List<PickleAudit.Lookup> refused;
        try {
            refused = PickleAudit.of(file).refused();
        } catch (TkException e) {
            return refusal;
        }
        for (Reason reason : REASONS) {
            if (refused.stream().anyMatch(reason::explains)) {
                return new UnsafeException(
                        refusal.getMessage() + ": " + reason.what, reason.hint, refusal);
            }
        }
        return refusal;
    }

    /**
     * What a file is that asks for such a thing.
     *
     * @param asked how the names begin that it asks for
     */
    private record Reason(String asked, String what, String hint) {
        boolean explains(PickleAudit.Lookup lookup) {
            return (lookup.module() + "." + lookup.name()).startsWith(asked);
        }
    }

    private static final List<Reason> REASONS =
            List.of(
                    new Reason(
                            "torch.nn.modules.",
                            "a whole pickled module, not its state dict",
                            "Where you trust it, load it with torch and save torch.save(model.state_dict(), …)."),
                    new Reason(
                            "torch.storage._load_from_bytes",
                            "tensors written by pickle.dump, each a file of its own within the pickle",
                            "Where you trust it, load it with pickle and save torch.save(state_dict, …)."),
                    new Reason(
                            "torch.distributed.",
                            "one process's part of a distributed checkpoint",
                            "Where it was trained, gather it: get_model_state_dict(model, options=StateDictOptions(full_state_dict=True)), then torch.save."));
}
