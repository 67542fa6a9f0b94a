package tk.verify.weights;

import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A query or key projection, or its bias, with its rows in the order of {@link RowOrder#HALVES}.
 */
final class ReorderedTensor implements Tensor {
    private final Tensor original;
    private final RowOrder order;
    private final long headDim;

    /**
     * @param order of the original's rows
     * @param heads how many heads the rows belong to
     */
    ReorderedTensor(Tensor original, RowOrder order, int heads) {
        this.original = original;
        this.order = order;
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
                original.readRows(
                        order.stored(first + row, headDim),
                        1,
                        into.asSlice(row * rowBytes, rowBytes));
            }
        }
    }

    /** A bias is one row, whose values stand for rows. */
    private void reorderValues(long first, long count, MemorySegment into) {
        if (count == 0) return;
        long bytes = info().rowBytes();
        long width = bytes / info().shape().columns();
        try (Scratch scratch = Scratch.borrow(bytes)) {
            original.readRows(first, count, scratch.segment());
            for (long value = 0; value < info().shape().columns(); value++) {
                long stored = order.stored(value, headDim);
                MemorySegment.copy(scratch.segment(), stored * width, into, value * width, width);
            }
        }
    }
}
