package tk.verify;

import tk.quantize.BlockCodecs;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/** A tensor in memory, as the bytes of its type. */
record TinyTensor(TensorInfo info, byte[] bytes) implements Tensor {

    /** Values rounded to, or quantized in, a type. */
    static TinyTensor of(String name, DType type, float[] values, long... shape) {
        TensorInfo info = new TensorInfo(name, type, new Shape(shape));
        byte[] bytes = new byte[(int) info.byteSize()];
        if (type.isBlock()) {
            int columns = (int) info.shape().columns();
            for (int row = 0; row < info.shape().rows(); row++) {
                BlockCodecs.of(type)
                        .quantizeRow(
                                values,
                                row * columns,
                                columns,
                                null,
                                bytes,
                                (int) (row * info.rowBytes()));
            }
        } else {
            Scalars.narrow(type, values, 0, MemorySegment.ofArray(bytes), 0, values.length);
        }
        return new TinyTensor(info, bytes);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        long rowBytes = info.rowBytes();
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), first * rowBytes, into, 0, count * rowBytes);
    }
}
