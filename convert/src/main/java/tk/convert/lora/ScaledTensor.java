package tk.convert.lora;

import tk.convert.CastTensor;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A tensor times a number, in F32.
 *
 * @param source F32
 * @param factor what every value is multiplied with, in double, before it is rounded
 */
record ScaledTensor(Tensor source, double factor) implements Tensor {
    static Tensor of(Tensor source, double factor) {
        return new ScaledTensor(CastTensor.of(source, DType.F32), factor);
    }

    @Override
    public TensorInfo info() {
        return source.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        source.readRows(first, count, into);
        long values = count * info().shape().columns();
        for (long i = 0; i < values; i++) {
            float value = into.get(Scalars.LE_FLOAT, 4 * i);
            into.set(Scalars.LE_FLOAT, 4 * i, (float) (value * factor));
        }
    }
}
