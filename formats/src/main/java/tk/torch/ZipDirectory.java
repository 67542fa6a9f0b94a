package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsafeException;
import tk.error.UnsupportedException;
import tk.tensor.SourceFile;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * A zip archive's central directory, with the place of every entry's bytes.
 *
 * <p>Read from the archive's end, and stricter than unzipping needs, because entries are going to
 * be read in place:
 *
 * <ol>
 *   <li>end of central directory: {@code PK\5\6}, counts, size and offset of the directory, comment
 *   <li>before it, where an archive is large or torch wrote it: the zip64 locator {@code PK\6\7}
 *       and the zip64 end record {@code PK\6\6} with 64-bit values
 *   <li>the directory: an entry {@code PK\1\2} of 46 bytes, name, extra fields, comment
 *   <li>each entry's local header {@code PK\3\4}: 30 bytes, name, extra fields (torch pads with
 *       them); then its bytes. Its sizes may be zero, when a descriptor follows the bytes.
 * </ol>
 *
 * Entries must not overlap, nor be named twice, nor lead out of a folder. Little-endian. Source:
 * PKWARE's APPNOTE 6.3.10.
 */
final class ZipDirectory {
    static final int STORED = 0;
    static final int DEFLATED = 8;

    private static final int END_SIZE = 22;
    private static final int LOCATOR_SIZE = 20;
    private static final int END64_SIZE = 56;
    private static final int ENTRY_SIZE = 46;
    private static final int LOCAL_SIZE = 30;
    private static final int LONGEST_COMMENT = 0xffff;
    private static final long SATURATED = 0xffffffffL;

    private static final int CLOSE = 8 << 10;

    /** An entry takes some 200 bytes of memory. */
    private static final long MOST_ENTRIES = 1 << 18;

    private final SourceFile file;

    private ZipDirectory(SourceFile file) {
        this.file = file;
    }

    /** Whether the file begins as a zip archive with at least one entry does. */
    static boolean recognises(byte[] head) {
        return head.length >= 4 && head[0] == 'P' && head[1] == 'K' && head[2] == 3 && head[3] == 4;
    }

    /**
     * The entries by name, in the directory's order.
     *
     * @throws MalformedException where the archive is truncated or inconsistent
     */
    static SequencedMap<String, ZipEntry> read(SourceFile file) {
        ZipDirectory reader = new ZipDirectory(file);
        SequencedMap<String, ZipEntry> entries = reader.entries(reader.end());
        reader.refuseOverlaps(entries);
        return entries;
    }

    /** Where the directory lies. */
    private record End(long count, long offset, long size) {}

    private End end() {
        long endOffset = findEnd();
        ByteWindow in = window(endOffset, END_SIZE);
        in.skip(4, "a signature");
        int disk = in.u16("the disk's number");
        in.skip(4, "disks");
        long count = in.u16("the number of entries");
        long size = in.u32("the directory's size");
        End classic = new End(count, in.u32("the directory's offset"), size);
        End end = classic;
        long limit = endOffset;
        if (endOffset >= LOCATOR_SIZE + END64_SIZE) {
            ByteWindow locator = window(endOffset - LOCATOR_SIZE, LOCATOR_SIZE);
            if (locator.u32("a signature") == 0x07064b50L) {
                locator.skip(4, "a disk's number");
                limit = locator.i64("the offset of the zip64 end record");
                end = end64(limit, endOffset - LOCATOR_SIZE);
                agree("entries", classic.count, end.count, 0xffff);
                agree("bytes of directory", classic.size, end.size, SATURATED);
                agree("as the directory's offset", classic.offset, end.offset, SATURATED);
            }
        }
        if (disk != 0 && disk != 0xffff) {
            throw new UnsupportedException(
                    file + ": part of a zip archive in several volumes", "Join its parts first.");
        }
        if (end.offset < 0 || end.size < 0 || end.offset > limit - end.size) {
            throw malformed(
                    endOffset,
                    "the zip directory is %d bytes at byte %d, beyond the archive's end"
                            .formatted(end.size, end.offset));
        }
        // Offsets count from the archive's own beginning: in a file of several archives, the last
        // one's would lead into the first.
        if (end.offset + end.size != limit) {
            throw new MalformedException(
                    "%s: the zip directory ends at byte %d, but the archive at byte %d"
                            .formatted(file, end.offset + end.size, limit),
                    "Several archives in one file, as in a shard of torch.distributed.checkpoint? Save the model's state dict alone, with torch.save.");
        }
        if (end.count < 0 || end.count > MOST_ENTRIES || end.count > end.size / ENTRY_SIZE) {
            throw malformed(
                    endOffset,
                    "%d zip entries in a directory of %d bytes, expected at most %d"
                            .formatted(
                                    end.count,
                                    end.size,
                                    Math.min(MOST_ENTRIES, end.size / ENTRY_SIZE)));
        }
        return end;
    }

    private End end64(long offset, long limit) {
        if (offset < 0 || offset > limit - END64_SIZE) {
            throw malformed(
                    limit, "the zip64 end record is said to be at byte %d".formatted(offset));
        }
        ByteWindow in = window(offset, END64_SIZE);
        if (in.u32("a signature") != 0x06064b50L) {
            throw malformed(offset, "no zip64 end record, as the locator promises");
        }
        in.skip(8 + 2 + 2 + 4 + 4 + 8, "the zip64 end record");
        long count = in.i64("the number of entries");
        long size = in.i64("the directory's size");
        return new End(count, in.i64("the directory's offset"), size);
    }

    private void agree(String what, long classic, long wide, long saturated) {
        if (classic != saturated && classic != wide) {
            throw new MalformedException(
                    "%s: the zip archive's two end records disagree: %d and %d %s"
                            .formatted(file, classic, wide, what));
        }
    }

    /** The end record is the last one whose comment ends with the file. */
    private long findEnd() {
        long size = file.size();
        int length = (int) Math.min(size, END_SIZE + LONGEST_COMMENT);
        byte[] tail = file.read(size - length, length);
        long earlier = 0;
        for (int i = length - END_SIZE; i >= 0; i--) {
            if (tail[i] == 'P' && tail[i + 1] == 'K' && tail[i + 2] == 5 && tail[i + 3] == 6) {
                int comment = (tail[i + 20] & 0xff) | (tail[i + 21] & 0xff) << 8;
                int last = i + END_SIZE + comment;
                if (last == length) return size - length + i;
                if (last < length && earlier == 0) earlier = size - length + last;
            }
        }
        if (earlier > 0) {
            throw new MalformedException(
                    "%s: a zip archive that ends at byte %d, and %d bytes after it"
                            .formatted(file, earlier, size - earlier),
                    "They are no part of it. Where you know them to be padding, cut them off: truncate -s %d FILE."
                            .formatted(earlier));
        }
        throw new MalformedException(
                "%s: a truncated zip archive: %d bytes, and no end record among the last %d"
                        .formatted(file, size, length),
                "The download or copy was cut short: get the file again.");
    }

    private SequencedMap<String, ZipEntry> entries(End end) {
        SequencedMap<String, ZipEntry> entries = new LinkedHashMap<>();
        ByteWindow in = window(end.offset, end.size);
        // Headers that lie close together are read together, those far apart one by one.
        boolean close = end.count > 0 && end.offset / end.count < CLOSE;
        ByteWindow headers =
                ByteWindow.of(file + ": zip", file, 0, end.offset, close ? 8 * CLOSE : 256);
        for (long i = 0; i < end.count; i++) {
            ZipEntry entry = entry(in, headers, end.offset);
            if (entries.putLast(entry.name(), entry) != null) {
                throw malformed(
                        end.offset + in.position(),
                        "two zip entries are named `%s`".formatted(entry.name()));
            }
        }
        return Collections.unmodifiableSequencedMap(entries);
    }

    private ZipEntry entry(ByteWindow in, ByteWindow headers, long directory) {
        long at = directory + in.position();
        if (in.u32("a zip entry") != 0x02014b50L) throw malformed(at, "no zip entry's signature");
        in.skip(4, "versions");
        int flags = in.u16("flags");
        int method = in.u16("the compression method");
        in.skip(4 + 4, "time and checksum");
        long packedSize = in.u32("a packed size");
        long size = in.u32("a size");
        int nameLength = in.u16("a name's length");
        int extraLength = in.u16("the extra fields' length");
        int commentLength = in.u16("a comment's length");
        in.skip(2 + 2 + 4, "attributes");
        long header = in.u32("a local header's offset");
        byte[] nameBytes = in.bytes(nameLength, "an entry's name");
        byte[] extra = in.bytes(extraLength, "the extra fields");
        in.skip(commentLength, "a comment");
        String name = name(nameBytes, at);
        if ((flags & 1) != 0) {
            throw new UnsupportedException(
                    "%s: the zip entry `%s` is encrypted".formatted(file, name),
                    "Decrypt the archive first.");
        }
        @Nullable ByteBuffer wide = extra(extra, 1);
        if (size == SATURATED) size = wide(wide, at);
        if (packedSize == SATURATED) packedSize = wide(wide, at);
        if (header == SATURATED) header = wide(wide, at);
        if (method == STORED && size != packedSize) {
            throw malformed(
                    at,
                    "the stored zip entry `%s` has %d bytes but takes %d"
                            .formatted(name, size, packedSize));
        }
        long data = dataOffset(headers, header, name, nameBytes, at);
        if (size < 0 || packedSize < 0 || data > directory - packedSize) {
            throw malformed(
                    at,
                    "the zip entry `%s` takes %d bytes at byte %d, beyond the directory at %d"
                            .formatted(name, packedSize, data, directory));
        }
        return new ZipEntry(name, method, packedSize, size, header, data);
    }

    /** The local header has extra fields of its own, so only it tells where the bytes begin. */
    private long dataOffset(
            ByteWindow headers, long header, String name, byte[] nameBytes, long at) {
        long room = headers.position() + headers.remaining();
        if (header < 0 || header > room - LOCAL_SIZE) {
            throw malformed(at, "the zip entry `%s` begins at byte %d".formatted(name, header));
        }
        headers.seek(header);
        if (headers.u32("a local header") != 0x04034b50L) {
            throw malformed(header, "no local header of the zip entry `%s`".formatted(name));
        }
        headers.skip(LOCAL_SIZE - 8, "a local header");
        int nameLength = headers.u16("a name's length");
        int extraLength = headers.u16("the extra fields' length");
        if (!Arrays.equals(nameBytes, headers.bytes(nameLength, "an entry's name"))) {
            throw malformed(
                    header, "the zip entry `%s` has another name in its header".formatted(name));
        }
        return header + LOCAL_SIZE + nameLength + extraLength;
    }

    private String name(byte[] bytes, long at) {
        String name = new String(bytes, StandardCharsets.UTF_8);
        if (name.indexOf('\ufffd') >= 0) {
            throw malformed(at, "a zip entry's name is not UTF-8");
        }
        boolean outside =
                name.startsWith("/")
                        || name.indexOf('\\') >= 0
                        || name.indexOf('\0') >= 0
                        || name.indexOf(':') >= 0
                        || (name.contains("..") && List.of(name.split("/", -1)).contains(".."));
        if (outside) {
            throw new UnsafeException(
                    "%s: byte %d: the zip entry `%s` leads out of its folder"
                            .formatted(file, at, Spelling.visible(name)),
                    "No program that saves checkpoints writes such a name: don't trust this file.");
        }
        return name;
    }

    private static @Nullable ByteBuffer extra(byte[] fields, int id) {
        ByteBuffer in = ByteBuffer.wrap(fields).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        while (in.remaining() >= 4) {
            int field = in.getShort() & 0xffff;
            int length = in.getShort() & 0xffff;
            if (length > in.remaining()) return null;
            if (field == id) {
                return in.slice(in.position(), length).order(java.nio.ByteOrder.LITTLE_ENDIAN);
            }
            in.position(in.position() + length);
        }
        return null;
    }

    private long wide(@Nullable ByteBuffer field, long at) {
        if (field == null || field.remaining() < 8) {
            throw malformed(at, "a zip entry without the 64-bit value it refers to");
        }
        return field.getLong();
    }

    private void refuseOverlaps(SequencedMap<String, ZipEntry> entries) {
        List<ZipEntry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(ZipEntry::headerOffset));
        for (int i = 1; i < inOrder.size(); i++) {
            ZipEntry before = inOrder.get(i - 1);
            ZipEntry after = inOrder.get(i);
            if (before.dataOffset() + before.packedSize() > after.headerOffset()) {
                throw malformed(
                        after.headerOffset(),
                        "the zip entries `%s` and `%s` overlap"
                                .formatted(before.name(), after.name()));
            }
        }
    }

    private ByteWindow window(long offset, long length) {
        return ByteWindow.of(file + ": zip directory", file, offset, length);
    }

    private MalformedException malformed(long offset, String problem) {
        return new MalformedException(
                "%s: byte %d: %s".formatted(file, offset, problem),
                "The archive is damaged: get the file again.");
    }
}
