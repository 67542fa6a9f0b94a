package tk.checkpoint;

import java.nio.file.Path;
import java.util.List;

/**
 * What a plan became on disk.
 *
 * @param path the file or folder
 * @param files every file written, absolute or relative as {@code path} is
 * @param bytes their sizes' sum
 */
public record Artifact(Path path, List<Path> files, long bytes) {
    /** Copies the list. */
    public Artifact {
        files = List.copyOf(files);
    }
}
