package tk.verify.reference;

import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A query's or key's matrix or vector from the half-split order of rows into the interleaved one:
 * what was row {@code i} of a head becomes row {@code 2i}, what was {@code i + headDim/2} row
 * {@code 2i + 1}.
 *
 * @param halves of whole heads
 * @param headDim rows of a head
 */
record InterleavedRows(Tensor halves, int headDim) implements Tensor {
    @Override
    public TensorInfo info() {
        return halves.info();
    }

    private long source(long row) {
        long within = row % headDim;
        return row - within + within / 2 + within % 2 * (headDim / 2);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        if (info().shape().rank() == 1) {
            if (count > 0) readVector(into);
            return;
        }
        long bytes = info().rowBytes();
        for (long i = 0; i < count; i++) {
            halves.readRows(source(first + i), 1, into.asSlice(i * bytes, bytes));
        }
    }

    private void readVector(MemorySegment into) {
        long length = info().shape().columns();
        long width = info().rowBytes() / length;
        try (Scratch scratch = Scratch.borrow(info().rowBytes())) {
            halves.readRows(0, 1, scratch.segment());
            for (long i = 0; i < length; i++) {
                MemorySegment.copy(scratch.segment(), source(i) * width, into, i * width, width);
            }
        }
    }
}
