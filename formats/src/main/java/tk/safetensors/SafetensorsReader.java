package tk.safetensors;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.CheckpointReader;
import tk.checkpoint.TensorMap;
import tk.error.IoException;
import tk.tensor.SourceFile;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Opens safetensors checkpoints: a file; a folder with {@code model.safetensors}, or with shards
 * and their {@code model.safetensors.index.json}; or such an index.
 *
 * <p>Tensors come in the order in which they lie in the file, shards in the order of their names.
 */
public final class SafetensorsReader implements CheckpointReader {
    /** A reader; it keeps nothing between files. */
    public SafetensorsReader() {}

    /**
     * Whether it is a folder with such files, or a file whose ninth byte begins a JSON object of a
     * thinkable length.
     */
    @Override
    public boolean recognises(Path path) {
        if (Files.isDirectory(path)) return ShardedFolder.find(path).isPresent();
        if (!Files.isRegularFile(path)) return false;
        try (SourceFile file = SourceFile.open(path)) {
            if (file.size() < 9) return false;
            byte[] start = file.read(0, 9);
            return start[8] == '{' && start[7] == 0 && start[6] == 0;
        } catch (IoException unreadable) {
            return false;
        }
    }

    @Override
    public Checkpoint open(Path path) {
        if (Files.isDirectory(path)) {
            return ShardedFolder.find(path)
                    .orElseThrow(
                            () ->
                                    new IoException(
                                            path + ": no model.safetensors in this folder",
                                            "Give the folder that holds the weights."))
                    .open();
        }
        if (ShardedFolder.isIndex(path)) return ShardedFolder.ofIndex(path).open();
        return open(SourceFile.open(path));
    }

    /** As {@link #open(Path)}, of one file that is already open: it is closed with what is read. */
    static Checkpoint open(SourceFile source) {
        SafetensorsFile file = SafetensorsFile.open(source);
        return new TensorMap(
                file.tensors().values(), file.header().metadata(), List.of(file.source()));
    }
}
