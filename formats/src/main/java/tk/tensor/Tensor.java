package tk.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A tensor whose values can be had a few rows at a time: stored in a file, or computed from other
 * tensors on the way.
 *
 * <p>Thread-safe: several threads may read different rows, or the same, at once. Valid until the
 * {@link tk.checkpoint.Checkpoint} it came from is closed.
 */
public interface Tensor {
    /** Name, type and shape. */
    TensorInfo info();

    /**
     * Writes rows {@code first … first+count-1}, contiguous and little-endian, to the start of
     * {@code into}.
     *
     * @param first the first row, 0 ≤ first
     * @param count how many rows, first + count ≤ {@code info().shape().rows()}
     * @param into at least {@code count * info().rowBytes()} bytes; the caller's
     * @throws tk.error.TkException where the rows cannot be read
     */
    void readRows(long first, long count, MemorySegment into);

    /**
     * Where the whole tensor lies contiguous and little-endian in a file, if it does: for a
     * straight copy.
     */
    default Optional<FileRegion> stored() {
        return Optional.empty();
    }
}
