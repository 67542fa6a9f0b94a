package tk.torch;

import tk.tensor.Scratch;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;

/**
 * A matrix whose parts of equal shape lie in several shards: below one another or side by side.
 *
 * @param info of the whole
 * @param parts in the order of the shards
 * @param axis 0: their rows follow one another; 1: each row is a row of every part
 */
record JoinedTensor(TensorInfo info, List<Tensor> parts, int axis) implements Tensor {
    /**
     * The whole of {@code parts}, which are matrices of one shape and type.
     *
     * @throws ArithmeticException where its size exceeds 63 bits
     */
    static JoinedTensor of(String name, List<Tensor> parts, int axis) {
        TensorInfo part = parts.getFirst().info();
        long[] dims = part.shape().dims();
        dims[axis] = Math.multiplyExact(dims[axis], (long) parts.size());
        TensorInfo whole = new TensorInfo(name, part.dtype(), new Shape(dims));
        return new JoinedTensor(whole, List.copyOf(parts), axis);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        if (axis == 0) readBelow(first, count, into);
        else readBeside(first, count, into);
    }

    private void readBelow(long first, long count, MemorySegment into) {
        long partRows = parts.getFirst().info().shape().rows();
        long rowBytes = info.rowBytes();
        for (long done = 0; done < count; ) {
            Tensor part = parts.get(Math.toIntExact((first + done) / partRows));
            long row = (first + done) % partRows;
            long rows = Math.min(count - done, partRows - row);
            part.readRows(row, rows, into.asSlice(done * rowBytes, rows * rowBytes));
            done += rows;
        }
    }

    private void readBeside(long first, long count, MemorySegment into) {
        long partBytes = parts.getFirst().info().rowBytes();
        long rowBytes = info.rowBytes();
        try (Scratch scratch = Scratch.borrow(count * partBytes)) {
            for (int p = 0; p < parts.size(); p++) {
                parts.get(p).readRows(first, count, scratch.segment());
                for (long row = 0; row < count; row++) {
                    MemorySegment.copy(
                            scratch.segment(),
                            row * partBytes,
                            into,
                            row * rowBytes + p * partBytes,
                            partBytes);
                }
            }
        }
    }
}
