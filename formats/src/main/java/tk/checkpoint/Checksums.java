package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.IntPredicate;

/**
 * The CRC-32 of a file's tensors as they become known, and the segments that wait for them.
 *
 * <p>Threads may set the checksums of different tensors at once; a thread sees its own, and all
 * once the others have ended.
 */
final class Checksums {
    private final int[] crcs;
    private final Map<Long, PlannedFile.Checksummed> waiting = new ConcurrentSkipListMap<>();

    /** For a file of so many tensors. */
    Checksums(int tensors) {
        this.crcs = new int[tensors];
    }

    /** A segment at byte {@code offset} of the file. */
    void await(long offset, PlannedFile.Checksummed segment) {
        waiting.put(offset, segment);
    }

    /** The checksum of a tensor, by its place among the file's. */
    void set(int tensor, int crc) {
        crcs[tensor] = crc;
    }

    /**
     * The bytes of the segment at {@code offset}, which then waits no more; null where it must,
     * since a tensor's checksum is not yet {@code known} to the caller.
     */
    byte @Nullable [] take(long offset, IntPredicate known) {
        PlannedFile.@Nullable Checksummed segment = waiting.get(offset);
        if (segment == null) return null;
        int end = segment.first() + segment.count();
        for (int i = segment.first(); i < end; i++) {
            if (!known.test(i)) return null;
        }
        waiting.remove(offset);
        List<Integer> sums = new ArrayList<>();
        for (int i = segment.first(); i < end; i++) sums.add(crcs[i]);
        byte[] bytes = segment.make().apply(sums);
        if (bytes.length != segment.length()) {
            throw new IllegalStateException(
                    "a segment planned as %d bytes became %d"
                            .formatted(segment.length(), bytes.length));
        }
        return bytes;
    }

    /** Where the segments that still wait begin, in file order. */
    List<Long> waiting() {
        return List.copyOf(waiting.keySet());
    }
}
