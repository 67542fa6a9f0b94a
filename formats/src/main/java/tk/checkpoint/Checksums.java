package tk.checkpoint;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The CRC-32 of a file's tensors as they become known, and the segments that wait for them.
 *
 * <p>Threads may set the checksums of different tensors at once; a thread sees its own, and all
 * once the others have ended.
 */
final class Checksums {
    private final int[] crcs;
    private final List<WriteTask.Reserved> waiting =
            Collections.synchronizedList(new ArrayList<>());

    /** For a file of so many tensors. */
    Checksums(int tensors) {
        this.crcs = new int[tensors];
    }

    /** The checksum of a tensor, by its place among the file's. */
    void set(int tensor, int crc) {
        crcs[tensor] = crc;
    }

    /** A segment whose tensors' checksums its writer does not know all. */
    void await(WriteTask.Reserved segment) {
        waiting.add(segment);
    }

    /** The segments that wait until all checksums are known. */
    List<WriteTask.Reserved> waiting() {
        return List.copyOf(waiting);
    }

    /** A segment's bytes; the checksums of its tensors are known to the caller. */
    byte[] bytes(WriteTask.Reserved segment) {
        byte[] bytes = segment.segment().make().apply(tensor -> crcs[tensor]);
        if (bytes.length != segment.length()) {
            throw new IllegalStateException(
                    "a segment planned as %d bytes became %d"
                            .formatted(segment.length(), bytes.length));
        }
        return bytes;
    }
}
