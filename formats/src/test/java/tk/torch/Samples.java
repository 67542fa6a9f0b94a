package tk.torch;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Tensors made up for tests. */
final class Samples {
    private Samples() {}

    /** A tensor whose bytes are given. */
    record Given(TensorInfo info, byte[] bytes) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long row = info.rowBytes();
            MemorySegment from = MemorySegment.ofArray(bytes);
            MemorySegment.copy(from, first * row, into, 0, count * row);
        }
    }

    /** A tensor of random bytes that depend on its name alone; booleans are 0 or 1. */
    static Tensor random(String name, DType dtype, long... shape) {
        TensorInfo info = new TensorInfo(name, dtype, new Shape(shape));
        byte[] bytes = new byte[(int) info.byteSize()];
        new Random(name.hashCode()).nextBytes(bytes);
        if (dtype == DType.BOOL) for (int i = 0; i < bytes.length; i++) bytes[i] &= 1;
        return new Given(info, bytes);
    }

    static Checkpoint checkpoint(Tensor... tensors) {
        return new TensorMap(List.of(tensors), Map.of(), List.of());
    }

    /** Writes a {@code .pt} file. */
    static Path write(Checkpoint checkpoint, Path target) {
        return new PlanWriter(2, Progress.NONE)
                .write(TorchWriter.plan(checkpoint, target), true)
                .path();
    }

    static byte[] bytes(Tensor tensor) {
        byte[] bytes = new byte[(int) tensor.info().byteSize()];
        tensor.readRows(0, tensor.info().shape().rows(), MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** As {@link #bytes}, some rows at a time. */
    static byte[] bytes(Tensor tensor, long rowsAtATime) {
        long row = tensor.info().rowBytes();
        long rows = tensor.info().shape().rows();
        byte[] bytes = new byte[(int) tensor.info().byteSize()];
        for (long first = 0; first < rows; first += rowsAtATime) {
            long count = Math.min(rowsAtATime, rows - first);
            MemorySegment into = java.lang.foreign.Arena.ofAuto().allocate(count * row);
            tensor.readRows(first, count, into);
            MemorySegment.copy(
                    into,
                    ValueLayout.JAVA_BYTE,
                    0,
                    bytes,
                    (int) (first * row),
                    (int) (count * row));
        }
        return bytes;
    }

    /** Little-endian. */
    static byte[] floats(float... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) out.putFloat(value);
        return out.array();
    }

    /** The bytes of each unit of so many, the other way round. */
    static byte[] reversed(byte[] bytes, int unit) {
        byte[] out = bytes.clone();
        for (int i = 0; i < out.length; i++) out[i] = bytes[i - i % unit + unit - 1 - i % unit];
        return out;
    }
}
