package tk.quantize;

import tk.tensor.FileRegion;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;

/**
 * A tensor without the extents of 1 before its others, of which ggml writes none: the gate of a
 * shared expert, (1, hidden), is a vector in llama-quantize's file.
 *
 * @param info with the fewer extents
 * @param original of as many values
 */
record TrimmedTensor(TensorInfo info, Tensor original) implements Tensor {
    static Tensor of(Tensor tensor) {
        TensorInfo info = tensor.info();
        long[] dims = info.shape().dims();
        int ones = 0;
        while (ones < dims.length - 1 && dims[ones] == 1) ones++;
        if (ones == 0) return tensor;
        Shape shape = new Shape(Arrays.copyOfRange(dims, ones, dims.length));
        return new TrimmedTensor(new TensorInfo(info.name(), info.dtype(), shape), tensor);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        original.readRows(first, count, into);
    }

    @Override
    public Optional<FileRegion> stored() {
        return original.stored();
    }
}
