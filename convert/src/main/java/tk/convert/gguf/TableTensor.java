package tk.convert.gguf;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A small F32 vector that was computed.
 *
 * @param info F32, of as many values
 * @param values not copied
 */
record TableTensor(TensorInfo info, float[] values) implements Tensor {
    static Tensor of(String name, float[] values) {
        return new TableTensor(new TensorInfo(name, DType.F32, new Shape(values.length)), values);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        if (count == 0) return;
        MemorySegment.copy(values, 0, into, Scalars.LE_FLOAT, 0, values.length);
    }
}
