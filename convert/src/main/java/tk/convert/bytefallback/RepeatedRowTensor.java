package tk.convert.bytefallback;

import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * A matrix with one row appended several times.
 *
 * @param info as the original's but for the number of rows
 * @param original the matrix
 * @param row gives the appended row's bytes in the matrix's type; asked for when the rows are read
 */
record RepeatedRowTensor(TensorInfo info, Tensor original, Supplier<byte[]> row) implements Tensor {
    static RepeatedRowTensor appending(Tensor matrix, int times, Supplier<byte[]> row) {
        TensorInfo info = matrix.info();
        Shape shape = new Shape(info.shape().dim(0) + times, info.shape().dim(1));
        return new RepeatedRowTensor(new TensorInfo(info.name(), info.dtype(), shape), matrix, row);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        long originals = original.info().shape().rows();
        long rowBytes = info.rowBytes();
        long fromOriginal = Math.clamp(originals - first, 0, count);
        if (fromOriginal > 0)
            original.readRows(first, fromOriginal, into.asSlice(0, fromOriginal * rowBytes));
        if (fromOriginal == count) return;
        MemorySegment bytes = MemorySegment.ofArray(row.get());
        for (long i = fromOriginal; i < count; i++)
            into.asSlice(i * rowBytes, rowBytes).copyFrom(bytes);
    }
}
