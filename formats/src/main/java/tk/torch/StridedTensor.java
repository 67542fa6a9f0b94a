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
    /** Reading costs as much as copying some kilobytes; so nearer neighbours are read together. */
    private static final long GAP = 8 << 10;

    /** The most that is read at once. */
    private static final long STRETCH = 4 << 20;

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
    private final long inner;
    private final int elementBytes;
    private final int swappedBytes;

    private StridedTensor(
            TensorInfo info, Source source, long offset, long[] strides, int swappedBytes) {
        this.info = info;
        this.source = source;
        this.offset = offset;
        this.strides = strides;
        this.inner = strides.length == 0 ? 1 : strides[strides.length - 1];
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
     * Gathers columns {@code column … column+columns-1} of some rows: from one stretch of the
     * source where they lie close together, run by run where they don't, in halves where they are
     * many.
     *
     * @param into receives them; its rows are {@code pitch} elements apart
     */
    private void gather(
            long row, long rows, long column, long columns, MemorySegment into, long pitch) {
        if (rows == 0 || columns == 0) return;
        long low = Long.MAX_VALUE;
        long high = 0;
        for (long r = 0; r < rows; r++) {
            long start = position(row + r);
            low = Math.min(low, start);
            high = Math.max(high, start);
        }
        long rowSpan = high - low;
        long columnSpan = (columns - 1) * inner;
        low += column * inner;
        long stretch = (rowSpan + columnSpan + 1) * elementBytes;
        long runs = inner == 1 ? rows : isAcross() ? columns : rows * columns;
        boolean sparse = stretch / runs > GAP;
        if (!sparse && stretch <= STRETCH) {
            pick(row, rows, column, columns, low, stretch, into, pitch);
        } else if (sparse && (inner == 1 || rows == 1)) {
            for (long r = 0; r < rows; r++) {
                MemorySegment to = into.asSlice(r * pitch * elementBytes);
                readRun(position(row + r) + column * inner, columns, inner, to, 1);
            }
        } else if (sparse && isAcross() && rows <= extent() - row % extent()) {
            for (long c = 0; c < columns; c++) {
                MemorySegment to = into.asSlice(c * elementBytes);
                readRun(position(row) + (column + c) * inner, rows, 1, to, pitch);
            }
        } else if (rows > 1 && (rowSpan >= columnSpan || columns == 1 || sparse)) {
            long half = rows / 2;
            if (isAcross() && half < rows) half = Math.min(rows - 1, firstPart(row, rows));
            gather(row, half, column, columns, into, pitch);
            MemorySegment rest = into.asSlice(half * pitch * elementBytes);
            gather(row + half, rows - half, column, columns, rest, pitch);
        } else {
            long half = columns / 2;
            gather(row, rows, column, half, into, pitch);
            MemorySegment rest = into.asSlice(half * elementBytes);
            gather(row, rows, column + half, columns - half, rest, pitch);
        }
    }

    /** Whether neighbouring rows lie closer than neighbouring columns: a transposed matrix. */
    private boolean isAcross() {
        return strides.length > 1 && inner != 1 && strides[strides.length - 2] == 1;
    }

    /** How many rows lie evenly spaced. */
    private long extent() {
        return info.shape().dim(strides.length - 2);
    }

    /** Half of the rows, or those up to where their even spacing ends. */
    private long firstPart(long row, long rows) {
        long even = extent() - row % extent();
        return even < rows ? even : Math.max(1, rows / 2);
    }

    /** Reads {@code count} elements {@code step} apart, to elements {@code pitch} apart. */
    private void readRun(long first, long count, long step, MemorySegment into, long pitch) {
        if (step == 1 && pitch == 1) {
            source.read(first * elementBytes, into.asSlice(0, count * elementBytes));
            return;
        }
        try (Scratch scratch = Scratch.borrow((step == 1 ? count : 1) * elementBytes)) {
            MemorySegment from = scratch.segment();
            if (step == 1) source.read(first * elementBytes, from);
            for (long i = 0; i < count; i++) {
                if (step != 1) source.read((first + i * step) * elementBytes, from);
                long at = step == 1 ? i * elementBytes : 0;
                MemorySegment.copy(from, at, into, i * pitch * elementBytes, elementBytes);
            }
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
