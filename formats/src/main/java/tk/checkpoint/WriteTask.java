package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import tk.tensor.FileRegion;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A part of a file that one thread writes. */
sealed interface WriteTask {
    /** What is smaller is gathered with its neighbours. */
    long SMALL = 256 << 10;

    /** Bytes that are gathered at most. */
    long GATHERED = 1 << 20;

    /** Where it goes in the file. */
    long offset();

    /** Its bytes. */
    long length();

    /** Where these lie as they are, if they do so in a file. */
    default @Nullable FileRegion source() {
        return null;
    }

    /** Bytes that are there already. */
    record Literal(byte[] bytes, long offset) implements WriteTask {
        @Override
        public long length() {
            return bytes.length;
        }
    }

    /** The place of bytes that depend on others: zeros until these are known. */
    record Reserved(PlannedFile.Checksummed segment, long offset) implements WriteTask {
        @Override
        public long length() {
            return segment.length();
        }
    }

    /** Bytes that lie in another file as they will lie here. */
    record Copy(FileRegion from, long offset) implements WriteTask {
        @Override
        public FileRegion source() {
            return from;
        }

        @Override
        public long length() {
            return from.length();
        }
    }

    /**
     * Pieces of a tensor that pass through memory.
     *
     * @param valuesIndex which of the file's tensors it is
     */
    record Stream(Pieces pieces, int valuesIndex, long first, long count, long offset)
            implements WriteTask {
        @Override
        public long length() {
            return count * pieces.bytes();
        }

        @Override
        public @Nullable FileRegion source() {
            return pieces instanceof Pieces.Bytes(FileRegion whole)
                    ? new FileRegion(whole.file(), whole.offset() + first, count)
                    : null;
        }
    }

    /** Small neighbours that are written at once: thousands of little tensors are a few writes. */
    record Gather(List<WriteTask> parts, long offset, long length) implements WriteTask {}

    /**
     * The same tasks with runs of small neighbours gathered; what waits for the checksum of the
     * tensor behind it stays with that.
     */
    static List<WriteTask> gathered(List<WriteTask> tasks) {
        List<WriteTask> result = new ArrayList<>();
        List<WriteTask> run = new ArrayList<>();
        long length = 0;
        for (int i = 0; i < tasks.size(); i++) {
            WriteTask task = tasks.get(i);
            boolean heads = task instanceof Reserved && i + 1 < tasks.size();
            long behind = heads ? tasks.get(i + 1).length() : 0;
            boolean joins =
                    !run.isEmpty()
                            && task.length() <= SMALL
                            && length + task.length() + (behind <= SMALL ? behind : 0) <= GATHERED
                            && run.getLast().offset() + run.getLast().length() == task.offset();
            if (!joins) {
                add(run, length, result);
                run = new ArrayList<>();
                length = 0;
            }
            if (task.length() <= SMALL) {
                run.add(task);
                length += task.length();
            } else {
                result.add(task);
            }
        }
        add(run, length, result);
        return result;
    }

    private static void add(List<WriteTask> run, long length, List<WriteTask> result) {
        if (run.size() == 1) result.add(run.getFirst());
        else if (!run.isEmpty()) result.add(new Gather(run, run.getFirst().offset(), length));
    }

    /** Puts the bytes of a small task where {@code into} begins. */
    static void fill(WriteTask task, MemorySegment into) {
        switch (task) {
            case Literal(byte[] bytes, long _) ->
                    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, into, 0, bytes.length);
            case Reserved reserved -> into.asSlice(0, reserved.length()).fill((byte) 0);
            case Copy(FileRegion from, long _) ->
                    from.file().read(from.offset(), into.asSlice(0, from.length()));
            case Stream stream ->
                    stream.pieces()
                            .read(stream.first(), stream.count(), into.asSlice(0, stream.length()));
            case Gather gather -> new GatheredBytes(gather, into).fill();
        }
    }
}
