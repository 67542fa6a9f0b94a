package tk.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import java.util.Optional;

/**
 * A tensor that lies contiguous and little-endian in a file.
 *
 * @param info name, type and shape
 * @param region its bytes, exactly {@code info.byteSize()} of them
 */
public record StoredTensor(TensorInfo info, FileRegion region) implements Tensor {
    /** Checks that the region has the tensor's size. */
    public StoredTensor {
        if (region.length() != info.byteSize()) {
            throw new IllegalArgumentException(
                    "tensor `%s` takes %d bytes, not %d"
                            .formatted(info.name(), info.byteSize(), region.length()));
        }
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        // Not by rowBytes(): a row of a type below a byte may end within one.
        long columns = info.shape().columns();
        long start = info.dtype().byteSize(first * columns);
        long length = info.dtype().byteSize(count * columns);
        region.file().read(region.offset() + start, into.asSlice(0, length));
    }

    @Override
    public Optional<FileRegion> stored() {
        return Optional.of(region);
    }
}
