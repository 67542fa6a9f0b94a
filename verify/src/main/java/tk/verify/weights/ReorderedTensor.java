package tk.verify.weights;

import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/** A query or key projection, or its bias, with its rows in another order. */
final class ReorderedTensor implements Tensor {
    private final Tensor original;
    private final RowOrder from;
    private final RowOrder to;
    private final long headDim;

    /**
     * @param from order of the original's rows
     * @param to order of this tensor's
     * @param heads how many heads the rows belong to
     */
    ReorderedTensor(Tensor original, RowOrder from, RowOrder to, int heads) {
        this.original = original;
        this.from = from;
        this.to = to;
        long outputs = original.info().shape().rank() == 0 ? 0 : original.info().shape().dim(0);
        // Rows that are no whole heads are compared as they lie: the shape is the fault to report.
        this.headDim =
                heads > 0 && outputs > 0 && outputs % (2L * heads) == 0 ? outputs / heads : 0;
    }

    @Override
    public TensorInfo info() {
        return original.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        if (headDim == 0) {
            original.readRows(first, count, into);
        } else if (info().shape().rank() == 1) {
            reorderValues(first, count, into);
        } else {
            long rowBytes = info().rowBytes();
            for (long row = 0; row < count; row++) {
                original.readRows(place(first + row), 1, into.asSlice(row * rowBytes, rowBytes));
            }
        }
    }

    private long place(long row) {
        return from.stored(to.canonical(row, headDim), headDim);
    }

    /** A bias is one row, whose values stand for rows. */
    private void reorderValues(long first, long count, MemorySegment into) {
        if (count == 0) return;
        long bytes = info().rowBytes();
        long width = bytes / info().shape().columns();
        try (Scratch scratch = Scratch.borrow(bytes)) {
            original.readRows(first, count, scratch.segment());
            for (long value = 0; value < info().shape().columns(); value++) {
                long stored = place(value);
                MemorySegment.copy(scratch.segment(), stored * width, into, value * width, width);
            }
        }
    }
}
