package tk.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Native working memory of a thread, used again from call to call.
 *
 * <p>A transform that must read its source's rows before it can give its own borrows a buffer:
 *
 * <pre>{@code
 * try (Scratch scratch = Scratch.borrow(bytes)) {
 *     source.readRows(first, count, scratch.segment());
 *     …
 * }
 * }</pre>
 *
 * Borrowing nests; a buffer's content is undefined. Memory is freed with its thread.
 *
 * <p>How far a buffer lies from a multiple of 64 and of a page matters to whoever fills it from a
 * file or writes it to one, since there the system copies it byte for byte: where both places lie
 * alike it does so fastest, and where the target begins up to 63 bytes behind its source, pages
 * aside, many processors take up to six times as long.
 */
public final class Scratch implements AutoCloseable {
    private static final ThreadLocal<List<Scratch>> POOL = ThreadLocal.withInitial(ArrayList::new);
    private static final ThreadLocal<int[]> DEPTH = ThreadLocal.withInitial(() -> new int[1]);
    private static final long SMALLEST = 64 << 10;
    private static final long LINE = 64;
    private static final long PAGE = 4096;

    private MemorySegment memory = MemorySegment.NULL;
    private MemorySegment segment = MemorySegment.NULL;

    private Scratch() {}

    /** A buffer of exactly {@code bytes} bytes, aligned to 64, until {@link #close()}. */
    public static Scratch borrow(long bytes) {
        return borrow(bytes, 0);
    }

    /** The same for what is going to be written at byte {@code offset} of a file. */
    public static Scratch forWriting(long bytes, long offset) {
        return borrow(bytes, offset % LINE);
    }

    /** The same for what is read at byte {@code from} of a file and written at {@code to}. */
    public static Scratch forCopying(long bytes, long from, long to) {
        long start = to % LINE;
        long behind = Math.floorMod(start - from, PAGE);
        return borrow(bytes, behind == 0 || behind >= LINE ? start : start + LINE);
    }

    private static Scratch borrow(long bytes, long start) {
        List<Scratch> pool = POOL.get();
        int depth = DEPTH.get()[0]++;
        if (depth == pool.size()) pool.add(new Scratch());
        Scratch scratch = pool.get(depth);
        if (scratch.memory.byteSize() < start + bytes) {
            long size = Math.max(SMALLEST, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
            scratch.memory = Arena.ofAuto().allocate(size + 2 * LINE, PAGE);
        }
        scratch.segment = scratch.memory.asSlice(start, bytes);
        return scratch;
    }

    /** The buffer. */
    public MemorySegment segment() {
        return segment;
    }

    @Override
    public void close() {
        DEPTH.get()[0]--;
    }
}
