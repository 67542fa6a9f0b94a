package tk.tensor;

import java.util.Objects;

/**
 * What is known of a tensor without its bytes.
 *
 * @param name as in its file
 * @param dtype how values are stored
 * @param shape extents, outermost first
 */
public record TensorInfo(String name, DType dtype, Shape shape) {
    /** Refuses a null and a row that is no whole number of blocks. */
    public TensorInfo {
        Objects.requireNonNull(name, "name");
        if (dtype.isBlock() && shape.columns() % dtype.blockSize() != 0) {
            throw new IllegalArgumentException(
                    "tensor `%s`: a row of %d values is no whole number of %s blocks of %d"
                            .formatted(name, shape.columns(), dtype, dtype.blockSize()));
        }
    }

    /** Bytes of the whole tensor, contiguous. */
    public long byteSize() {
        return dtype.byteSize(shape);
    }

    /** Bytes of one row. */
    public long rowBytes() {
        return dtype.byteSize(shape.columns());
    }

    /** The same under another name. */
    public TensorInfo withName(String newName) {
        return new TensorInfo(newName, dtype, shape);
    }

    /** The same in another type. */
    public TensorInfo withDType(DType newType) {
        return new TensorInfo(name, newType, shape);
    }
}
