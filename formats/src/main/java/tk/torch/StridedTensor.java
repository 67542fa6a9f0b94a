package tk.torch;

import static tk.tensor.Scalars.LE_INT;
import static tk.tensor.Scalars.LE_LONG;
import static tk.tensor.Scalars.LE_SHORT;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import tk.tensor.FileRegion;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A tensor whose elements do not lie in order in its file: transposed, sliced, expanded, or with
 * the highest byte first. Rows are gathered as they are read.
 *
 * <p>What is read at a time is bounded, however far apart the elements lie.
 */
final class StridedTensor implements Tensor {
    /** A stretch up to this is read whole and picked from, rather than element by element. */
    private static final long STRETCH = 1 << 20;

    /** Where the elements come from. */
    sealed interface Source {
        /** Fills {@code into} with the bytes from {@code offset} on. */
        void read(long offset, MemorySegment into);
    }

    /** A run of a file. */
    record Stored(FileRegion region) implements Source {
        @Override
        public void read(long offset, MemorySegment into) {
            Objects.checkFromIndexSize(offset, into.byteSize(), region.length());
            region.file().read(region.offset() + offset, into);
        }
    }

    /** Bytes in memory. */
    record Memory(byte[] bytes) implements Source {
        @Override
        public void read(long offset, MemorySegment into) {
            into.copyFrom(MemorySegment.ofArray(bytes).asSlice(offset, into.byteSize()));
        }
    }

    private final TensorInfo info;
    private final Source source;
    private final long offset;
    private final long[] strides;
    private final int elementBytes;
    private final int swappedBytes;

    private StridedTensor(
            TensorInfo info, Source source, long offset, long[] strides, int swappedBytes) {
        this.info = info;
        this.source = source;
        this.offset = offset;
        this.strides = strides;
        this.elementBytes = info.dtype().blockBytes();
        this.swappedBytes = swappedBytes;
    }

    /**
     * A tensor over {@code source}.
     *
     * @param offset of the first element, in elements
     * @param strides in elements, one a dimension, none negative
     * @param swappedBytes how many bytes are reversed together; 1 for none
     */
    static StridedTensor of(
            TensorInfo info, Source source, long offset, long[] strides, int swappedBytes) {
        return new StridedTensor(info, source, offset, strides, swappedBytes);
    }

    @Override
    public TensorInfo info() {
        return info;
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        Objects.checkFromIndexSize(first, count, info.shape().rows());
        long columns = info.shape().columns();
        gather(first, count, 0, columns, into, columns);
        if (swappedBytes > 1) swap(into.asSlice(0, count * info.rowBytes()));
    }

    /**
     * Gathers columns {@code column … column+columns-1} of some rows.
     *
     * @param into receives them; its rows are {@code pitch} elements apart
     */
    private void gather(
            long row, long rows, long column, long columns, MemorySegment into, long pitch) {
        if (rows == 0 || columns == 0) return;
        long inner = strides.length == 0 ? 1 : strides[strides.length - 1];
        long low = Long.MAX_VALUE;
        long high = 0;
        for (long r = 0; r < rows; r++) {
            long start = position(row + r) + column * inner;
            low = Math.min(low, start);
            high = Math.max(high, start + (columns - 1) * inner);
        }
        long stretch = (high - low + 1) * elementBytes;
        if (rows == 1 && (inner == 1 || columns == 1)) {
            source.read(low * elementBytes, into.asSlice(0, columns * elementBytes));
        } else if (stretch <= Math.max(STRETCH, 2 * rows * columns * elementBytes)) {
            pick(row, rows, column, columns, low, stretch, into, pitch);
        } else if (rows > 1 && (inner == 1 || rows > columns)) {
            long half = rows / 2;
            gather(row, half, column, columns, into, pitch);
            long done = half * pitch * elementBytes;
            gather(row + half, rows - half, column, columns, into.asSlice(done), pitch);
        } else {
            long half = columns / 2;
            gather(row, rows, column, half, into, pitch);
            MemorySegment rest = into.asSlice(half * elementBytes);
            gather(row, rows, column + half, columns - half, rest, pitch);
        }
    }

    /** Reads one stretch of the source and picks the elements out of it. */
    private void pick(
            long row,
            long rows,
            long column,
            long columns,
            long low,
            long stretch,
            MemorySegment into,
            long pitch) {
        long inner = strides.length == 0 ? 1 : strides[strides.length - 1];
        try (Scratch scratch = Scratch.borrow(stretch)) {
            MemorySegment from = scratch.segment();
            source.read(low * elementBytes, from);
            for (long r = 0; r < rows; r++) {
                long at = (position(row + r) + column * inner - low) * elementBytes;
                long to = r * pitch * elementBytes;
                if (inner == 1) {
                    MemorySegment.copy(from, at, into, to, columns * elementBytes);
                } else {
                    copyElements(from, at, inner * elementBytes, into, to, columns);
                }
            }
        }
    }

    private void copyElements(
            MemorySegment from, long at, long step, MemorySegment into, long to, long count) {
        switch (elementBytes) {
            case 1 -> {
                for (long i = 0; i < count; i++) {
                    into.set(JAVA_BYTE, to + i, from.get(JAVA_BYTE, at + i * step));
                }
            }
            case 2 -> {
                for (long i = 0; i < count; i++) {
                    into.set(LE_SHORT, to + 2 * i, from.get(LE_SHORT, at + i * step));
                }
            }
            case 4 -> {
                for (long i = 0; i < count; i++) {
                    into.set(LE_INT, to + 4 * i, from.get(LE_INT, at + i * step));
                }
            }
            case 8 -> {
                for (long i = 0; i < count; i++) {
                    into.set(LE_LONG, to + 8 * i, from.get(LE_LONG, at + i * step));
                }
            }
            default -> {
                for (long i = 0; i < count; i++) {
                    MemorySegment.copy(
                            from, at + i * step, into, to + i * elementBytes, elementBytes);
                }
            }
        }
    }

    /** Where a row's first element lies, in elements. */
    private long position(long row) {
        long at = offset;
        long rest = row;
        for (int i = strides.length - 2; i >= 0; i--) {
            long extent = info.shape().dim(i);
            at += rest % extent * strides[i];
            rest /= extent;
        }
        return at;
    }

    private void swap(MemorySegment rows) {
        int unit = swappedBytes;
        for (long i = 0; i < rows.byteSize(); i += unit) {
            switch (unit) {
                case 2 -> rows.set(LE_SHORT, i, Short.reverseBytes(rows.get(LE_SHORT, i)));
                case 4 -> rows.set(LE_INT, i, Integer.reverseBytes(rows.get(LE_INT, i)));
                default -> rows.set(LE_LONG, i, Long.reverseBytes(rows.get(LE_LONG, i)));
            }
        }
    }
}
