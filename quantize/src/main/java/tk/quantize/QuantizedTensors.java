package tk.quantize;

import tk.tensor.DType;
import tk.tensor.Tensor;

/** Single tensors in another type, encoded as they are read. */
public final class QuantizedTensors {
    private QuantizedTensors() {}

    /**
     * {@code tensor} in {@code type}, without importance weights; its rows must be whole blocks.
     */
    public static Tensor encode(Tensor tensor, DType type) {
        return tensor.info().dtype() == type
                ? tensor
                : new QuantizedTensor(tensor.info().withDType(type), tensor, null, new Workload());
    }

    /** {@code tensor} as F32. */
    public static Tensor decode(Tensor tensor) {
        return encode(tensor, DType.F32);
    }
}
