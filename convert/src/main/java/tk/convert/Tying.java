package tk.convert;

import tk.tensor.FileRegion;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.stream.LongStream;

/**
 * Whether the head shares the embedding's values, read from the tensors and never from a flag or a
 * name.
 */
public enum Tying {
    /** There is no head: the embedding serves as one. */
    ABSENT,
    /** Both names stand for one run of bytes. */
    SAME_STORAGE,
    /** Two copies, equal to the bit. */
    EQUAL_BYTES,
    /** The head has values of its own. */
    UNTIED;

    private static final long CHUNK = 1 << 20;

    /** Whether one matrix serves as both. */
    public boolean isTied() {
        return this != UNTIED;
    }

    /**
     * Compares the two, reading no more than it takes to find a difference.
     *
     * @param embedding (vocabulary, hidden)
     * @param head (vocabulary, hidden), if there is one
     */
    public static Tying of(Tensor embedding, Optional<Tensor> head) {
        if (head.isEmpty()) return ABSENT;
        Tensor other = head.get();
        if (embedding.info().dtype() != other.info().dtype()
                || !embedding.info().shape().equals(other.info().shape())) {
            return UNTIED;
        }
        Optional<FileRegion> region = embedding.stored();
        if (region.isPresent() && region.equals(other.stored())) return SAME_STORAGE;
        return equalBytes(embedding, other) ? EQUAL_BYTES : UNTIED;
    }

    private static boolean equalBytes(Tensor a, Tensor b) {
        long rows = a.info().shape().rows();
        long rowBytes = a.info().rowBytes();
        long step = Math.max(1, CHUNK / Math.max(1, rowBytes));
        // A first row tells most untied heads apart, so that the rest need not be read.
        if (!equalRows(a, b, 0, Math.min(1, rows))) return false;
        return LongStream.range(0, Math.ceilDiv(rows, step))
                .parallel()
                .allMatch(i -> equalRows(a, b, i * step, Math.min(step, rows - i * step)));
    }

    private static boolean equalRows(Tensor a, Tensor b, long first, long count) {
        long bytes = count * a.info().rowBytes();
        try (Scratch left = Scratch.borrow(bytes);
                Scratch right = Scratch.borrow(bytes)) {
            MemorySegment x = left.segment().asSlice(0, bytes);
            MemorySegment y = right.segment().asSlice(0, bytes);
            a.readRows(first, count, x);
            b.readRows(first, count, y);
            return x.mismatch(y) < 0;
        }
    }
}
