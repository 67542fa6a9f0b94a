package tk.convert.lora;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A factor of low rank, transposed, as F32; read whole at each use, being small.
 *
 * @param info with the extents exchanged
 * @param source (r, n)
 */
record TransposedTensor(TensorInfo info, Tensor source) implements Tensor {
    static Tensor of(Tensor source) {
        Shape shape = source.info().shape();
        return new TransposedTensor(
                new TensorInfo(
                        source.info().name(), DType.F32, new Shape(shape.dim(1), shape.dim(0))),
                source);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        float[] values = LowRank.values(source);
        int rank = Math.toIntExact(info.shape().columns());
        int n = Math.toIntExact(info.shape().rows());
        for (long i = 0; i < count; i++) {
            for (int k = 0; k < rank; k++) {
                into.set(
                        Scalars.LE_FLOAT,
                        4 * (i * rank + k),
                        values[Math.toIntExact(k * (long) n + first + i)]);
            }
        }
    }
}
