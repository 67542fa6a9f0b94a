package tk.verify.importance;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/** A list of F32 numbers in memory as a tensor. */
final class FloatTensor implements Tensor {
    private final TensorInfo info;
    private final float[] values;

    FloatTensor(String name, float[] values) {
        this.info = new TensorInfo(name, DType.F32, new Shape(values.length));
        this.values = values;
    }

    @Override
    public TensorInfo info() {
        return info;
    }

    /** One row: there is no other. */
    @Override
    public void readRows(long first, long count, MemorySegment into) {
        if (count > 0) Scalars.narrow(DType.F32, values, 0, into, 0, values.length);
    }
}
