package tk.convert;

import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A matrix with rows of zeros after its own.
 *
 * @param info as the source's, with more rows
 * @param source the first rows
 */
record PaddedRows(TensorInfo info, Tensor source) implements Tensor {
    /** {@code source} with {@code rows} rows; itself where it has as many. */
    static Tensor of(Tensor source, long rows) {
        TensorInfo info = source.info();
        if (info.shape().rows() == rows) return source;
        Shape shape = new Shape(rows, info.shape().columns());
        return new PaddedRows(new TensorInfo(info.name(), info.dtype(), shape), source);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        long own = Math.clamp(source.info().shape().rows() - first, 0, count);
        if (own > 0) source.readRows(first, own, into);
        long rowBytes = info.rowBytes();
        into.asSlice(own * rowBytes, (count - own) * rowBytes).fill((byte) 0);
    }
}
