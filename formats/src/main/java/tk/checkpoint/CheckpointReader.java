package tk.checkpoint;

import java.nio.file.Path;

/** Opens checkpoints of one format. */
public interface CheckpointReader {
    /**
     * Whether the file or folder is of this format, judged by its bytes and never by its name
     * alone.
     */
    boolean recognises(Path path);

    /**
     * Opens it; the caller closes.
     *
     * @throws tk.error.TkException where it is malformed, unsafe, unsupported or unreadable
     */
    Checkpoint open(Path path);
}
