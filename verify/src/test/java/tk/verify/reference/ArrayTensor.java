package tk.verify.reference;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/** A tensor in memory, stored as F32, F16 or BF16. */
record ArrayTensor(TensorInfo info, float[] values) implements Tensor {
    static ArrayTensor of(String name, DType type, float[] values, long... shape) {
        return new ArrayTensor(new TensorInfo(name, type, new Shape(shape)), values);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        int columns = (int) info.shape().columns();
        Scalars.narrow(info.dtype(), values, (int) first * columns, into, 0, (int) count * columns);
    }
}
