package tk.convert;

import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A query or key projection with the rows of each head in the order that the other side rotates.
 *
 * <p>RoPE turns two values of a head together: with {@link Dialect.Rotary#HALVES} values i and i +
 * d/2, with {@link Dialect.Rotary#PAIRS} values 2i and 2i+1, d being the head's width. So within
 * each head of d rows
 *
 * <pre>
 *     pairs[2i] = halves[i]      pairs[2i + 1] = halves[i + d/2]      0 ≤ i &lt; d/2
 * </pre>
 *
 * and the other way round. A matrix has one row an output value, (heads · d, in); a bias has them
 * as the values of its only row, (heads · d).
 *
 * @param info as the source's
 * @param source the projection in the other order
 * @param headDim d, even
 * @param to the order of this tensor
 */
public record RotaryRows(TensorInfo info, Tensor source, int headDim, Dialect.Rotary to)
        implements Tensor {
    /** Checks that the rows are whole heads of an even width. */
    public RotaryRows {
        long outputs = info.shape().dim(0);
        if (headDim % 2 != 0 || outputs % headDim != 0) {
            throw new IllegalArgumentException(
                    "tensor `%s`: %d rows are no whole number of heads of an even width %d"
                            .formatted(info.name(), outputs, headDim));
        }
    }

    /**
     * {@code source} in the order {@code to}.
     *
     * @param heads how many heads its rows hold
     */
    public static Tensor of(Tensor source, int heads, Dialect.Rotary to) {
        TensorInfo info = source.info();
        return new RotaryRows(info, source, Math.toIntExact(info.shape().dim(0) / heads), to);
    }

    /** Where row {@code r} of a head comes from in the source's head. */
    private int origin(int r) {
        return switch (to) {
            case PAIRS -> (r & 1) == 0 ? r >> 1 : (r >> 1) + headDim / 2;
            case HALVES -> r < headDim / 2 ? 2 * r : 2 * (r - headDim / 2) + 1;
        };
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        if (info.shape().rank() == 1) {
            readBias(into);
            return;
        }
        long rowBytes = info.rowBytes();
        long done = 0;
        while (done < count) {
            long row = first + done;
            int within = (int) (row % headDim);
            int rows = (int) Math.min(count - done, headDim - within);
            readWithinHead(row - within, within, rows, into.asSlice(done * rowBytes));
            done += rows;
        }
    }

    /** Rows {@code from … from+rows-1} of the head whose first row is {@code head}. */
    private void readWithinHead(long head, int from, int rows, MemorySegment into) {
        if (rows == headDim) {
            gather(head, from, 1, rows, into);
            return;
        }
        // A part of a head comes from two runs of the source: one for even rows and one for odd
        // where the result is in pairs, one for each half where it is in halves.
        if (to == Dialect.Rotary.PAIRS) {
            gather(head, from, 2, (rows + 1) / 2, into);
            if (rows > 1) gather(head, from + 1, 2, rows / 2, into.asSlice(info.rowBytes()));
        } else {
            int low = Math.clamp(headDim / 2 - from, 0, rows);
            if (low > 0) gather(head, from, 1, low, into);
            if (low < rows) {
                gather(head, from + low, 1, rows - low, into.asSlice(low * info.rowBytes()));
            }
        }
    }

    /**
     * Rows {@code from, from+step, …} of a head, {@code count} of them, each {@code step} rows
     * after the other in {@code into}; the source is read once from the lowest to the highest.
     */
    private void gather(long head, int from, int step, int count, MemorySegment into) {
        long rowBytes = info.rowBytes();
        int lowest = headDim;
        int highest = 0;
        for (int i = 0; i < count; i++) {
            lowest = Math.min(lowest, origin(from + i * step));
            highest = Math.max(highest, origin(from + i * step));
        }
        int length = highest - lowest + 1;
        try (Scratch scratch = Scratch.borrow(length * rowBytes)) {
            MemorySegment buffer = scratch.segment();
            source.readRows(head + lowest, length, buffer);
            for (int i = 0; i < count; i++) {
                long at = (origin(from + i * step) - lowest) * rowBytes;
                MemorySegment.copy(buffer, at, into, (long) i * step * rowBytes, rowBytes);
            }
        }
    }

    private void readBias(MemorySegment into) {
        long values = info.shape().columns();
        long bytes = info.dtype().blockBytes();
        try (Scratch scratch = Scratch.borrow(info.rowBytes())) {
            source.readRows(0, 1, scratch.segment());
            for (long v = 0; v < values; v++) {
                long at = v - v % headDim + origin((int) (v % headDim));
                MemorySegment.copy(scratch.segment(), at * bytes, into, v * bytes, bytes);
            }
        }
    }
}
