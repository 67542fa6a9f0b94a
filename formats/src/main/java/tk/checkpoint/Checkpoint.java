package tk.checkpoint;

import tk.tensor.Tensor;

import java.util.Map;
import java.util.SequencedMap;

/**
 * Named tensors whose bytes have not been read yet.
 *
 * <p>What a reader opens and what a {@link Transform} makes of it are both checkpoints. Closing one
 * closes the files under it; a transformed checkpoint closes the one it came from. Thread-safe but
 * for {@link #close()}.
 */
public interface Checkpoint extends AutoCloseable {
    /**
     * The tensors by name, in the order of the format (for a state dict: the order of the dict).
     * Unmodifiable.
     */
    SequencedMap<String, Tensor> tensors();

    /**
     * Free text that the format stores beside the tensors, such as safetensors' {@code
     * __metadata__}. Unmodifiable.
     */
    Map<String, String> metadata();

    /** Closes the files under it; the tensors cannot be read afterwards. */
    @Override
    void close();
}
