package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import tk.tensor.FileRegion;
import tk.tensor.Scratch;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The bytes of small neighbours that are written at once.
 *
 * <p>Whatever is done for each of them costs as much as copying some kilobytes: so those that lie
 * close together in their source are read at once, too, with what lies between.
 */
final class GatheredBytes {
    /** Bytes between two regions that are read rather than skipped: a call costs more. */
    private static final long GAP = 4 << 10;

    /** Bytes that are read at once at most: gaps do not count among those gathered. */
    private static final long MOST = 2 * WriteTask.GATHERED;

    private final WriteTask.Gather gather;
    private final List<WriteTask> parts;
    private final MemorySegment bytes;

    /** The bytes, not yet filled in. */
    GatheredBytes(WriteTask.Gather gather, MemorySegment bytes) {
        this.gather = gather;
        this.parts = gather.parts();
        this.bytes = bytes;
    }

    /** Fills in each part's. */
    void fill() {
        for (int first = 0; first < parts.size(); ) first = fillFrom(first);
    }

    /**
     * Fills in that part and those behind it whose sources are close by.
     *
     * @return the next
     */
    private int fillFrom(int first) {
        @Nullable FileRegion source = parts.get(first).source();
        if (source == null) {
            WriteTask.fill(parts.get(first), slice(parts.get(first)));
            return first + 1;
        }
        long end = source.offset() + source.length();
        int next = first + 1;
        for (; next < parts.size(); next++) {
            @Nullable FileRegion other = parts.get(next).source();
            if (other == null) continue;
            long otherEnd = other.offset() + other.length();
            boolean close =
                    other.file() == source.file()
                            && other.offset() >= end
                            && other.offset() - end <= GAP
                            && otherEnd - source.offset() <= MOST;
            if (!close) break;
            end = otherEnd;
        }
        FileRegion all = new FileRegion(source.file(), source.offset(), end - source.offset());
        // In memory as in the file: so the system copies fastest.
        try (Scratch scratch = Scratch.forWriting(all.length(), all.offset())) {
            all.file().read(all.offset(), scratch.segment());
            for (WriteTask part : parts.subList(first, next)) fill(part, all, scratch.segment());
        }
        return next;
    }

    private void fill(WriteTask part, FileRegion read, MemorySegment from) {
        @Nullable FileRegion source = part.source();
        if (source == null) {
            WriteTask.fill(part, slice(part));
        } else {
            long at = source.offset() - read.offset();
            MemorySegment.copy(from, at, bytes, part.offset() - gather.offset(), source.length());
        }
    }

    private MemorySegment slice(WriteTask part) {
        return bytes.asSlice(part.offset() - gather.offset(), part.length());
    }

    /**
     * Computes the checksums of the parts that are tensors, and puts in the parts that wait for
     * these alone.
     *
     * @return how many bytes are final
     */
    long seal(Checksums checksums) {
        int first = Integer.MAX_VALUE;
        int end = 0;
        CRC32 crc = new CRC32();
        ByteBuffer all = bytes.asByteBuffer();
        for (WriteTask part : parts) {
            if (!(part instanceof WriteTask.Stream stream)) continue;
            int at = Math.toIntExact(part.offset() - gather.offset());
            all.limit(Math.toIntExact(at + part.length())).position(at);
            crc.reset();
            crc.update(all);
            checksums.set(stream.valuesIndex(), (int) crc.getValue());
            first = Math.min(first, stream.valuesIndex());
            end = stream.valuesIndex() + 1;
        }
        long sealed = 0;
        for (WriteTask part : parts) {
            if (part instanceof WriteTask.Reserved reserved) {
                PlannedFile.Checksummed segment = reserved.segment();
                if (segment.first() < first || segment.first() + segment.count() > end) {
                    checksums.await(reserved);
                    continue;
                }
                byte[] late = checksums.bytes(reserved);
                MemorySegment.copy(MemorySegment.ofArray(late), 0, slice(part), 0, late.length);
            }
            sealed += part.length();
        }
        return sealed;
    }
}
