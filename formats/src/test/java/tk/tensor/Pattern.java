package tk.tensor;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A tensor for tests: its byte i is i modulo 251, plus the length of its name. */
public record Pattern(TensorInfo info) implements Tensor {
    /** Of this name, type and shape. */
    public static Pattern of(String name, DType dtype, long... dims) {
        return new Pattern(new TensorInfo(name, dtype, new Shape(dims)));
    }

    /** A checkpoint of these tensors. */
    public static Checkpoint checkpoint(Tensor... tensors) {
        return new TensorMap(List.of(tensors), Map.of(), List.of());
    }

    /** The tensor of that name, which must be there. */
    public static Tensor tensor(Checkpoint checkpoint, String name) {
        return Objects.requireNonNull(checkpoint.tensors().get(name), name);
    }

    /** All bytes of a tensor. */
    public static byte[] bytes(Tensor tensor) {
        byte[] bytes = new byte[Math.toIntExact(tensor.info().byteSize())];
        tensor.readRows(0, tensor.info().shape().rows(), MemorySegment.ofArray(bytes));
        return bytes;
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        long start = first * info.rowBytes();
        for (long i = 0; i < count * info.rowBytes(); i++) {
            into.set(ValueLayout.JAVA_BYTE, i, (byte) ((start + i) % 251 + info.name().length()));
        }
    }
}
