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
 */
public final class Scratch implements AutoCloseable {
    private static final ThreadLocal<List<Scratch>> POOL = ThreadLocal.withInitial(ArrayList::new);
    private static final ThreadLocal<int[]> DEPTH = ThreadLocal.withInitial(() -> new int[1]);
    private static final long SMALLEST = 64 << 10;

    private MemorySegment memory = MemorySegment.NULL;
    private MemorySegment segment = MemorySegment.NULL;

    private Scratch() {}

    /** A buffer of exactly {@code bytes} bytes, aligned to 64, until {@link #close()}. */
    public static Scratch borrow(long bytes) {
        List<Scratch> pool = POOL.get();
        int depth = DEPTH.get()[0]++;
        if (depth == pool.size()) pool.add(new Scratch());
        Scratch scratch = pool.get(depth);
        if (scratch.memory.byteSize() < bytes) {
            long size = Math.max(SMALLEST, Long.highestOneBit(Math.max(1, bytes - 1)) << 1);
            scratch.memory = Arena.ofAuto().allocate(size, 64);
        }
        scratch.segment = scratch.memory.asSlice(0, bytes);
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
