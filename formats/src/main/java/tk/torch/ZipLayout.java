package tk.torch;

import tk.checkpoint.PlannedFile.Checksummed;
import tk.checkpoint.PlannedFile.Literal;
import tk.checkpoint.PlannedFile.Segment;
import tk.checkpoint.PlannedFile.Values;
import tk.tensor.Tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.ToLongFunction;
import java.util.zip.CRC32;

/**
 * Lays out a zip archive of stored entries before a byte is written, every entry's bytes at a
 * multiple of 64, as torch does.
 *
 * <p>An entry is a local header of 30 bytes, its name, a zip64 field where it needs one, padding in
 * an extra field {@code FB} (its two-byte length, then {@code Z}s), and its bytes. The directory
 * and both end records, zip64 and classic, follow. Checksums and sizes stand in the headers; no
 * descriptors. Little-endian. Source: PKWARE's APPNOTE 6.3.10; {@code inline_container.cc}.
 */
final class ZipLayout {
    private static final int ALIGNMENT = 64;
    private static final long SATURATED = 0xffffffffL;
    private static final int VERSION = 20;
    private static final int VERSION_ZIP64 = 45;
    private static final int UTF8 = 1 << 11;

    /** 1 January 1980, the earliest a zip can state: the bytes don't depend on the clock. */
    private static final int DATE = 1 << 5 | 1;

    /**
     * An entry laid out.
     *
     * @param crc its checksum, given those of the tensors
     */
    private record Entry(
            byte[] name, long size, long offset, ToLongFunction<IntUnaryOperator> crc) {
        boolean isWide() {
            return size >= SATURATED;
        }

        /** Bytes of the padding that brings the entry's own to a multiple of 64. */
        int padding() {
            return (int) Math.floorMod(-(offset + fixedLength()), (long) ALIGNMENT);
        }

        int headerLength() {
            return fixedLength() + padding();
        }

        private int fixedLength() {
            return 30 + name.length + (isWide() ? 20 : 0) + 4;
        }
    }

    private final String folder;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private long at;
    private int tensors;

    /** An archive whose entries all lie in {@code folder}. */
    ZipLayout(String folder) {
        this.folder = folder;
    }

    /** Adds an entry of known bytes. */
    void add(String name, byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        long value = crc.getValue();
        Entry entry = begin(name, bytes.length, crcs -> value);
        append(new Literal(header(entry, value)));
        append(new Literal(bytes));
    }

    /** Adds an entry of a tensor's rows. */
    void add(String name, Tensor tensor) {
        int index = tensors++;
        Entry entry =
                begin(name, tensor.info().byteSize(), crcs -> unsigned(crcs.applyAsInt(index)));
        append(
                new Checksummed(
                        entry.headerLength(),
                        index,
                        1,
                        crcs -> header(entry, entry.crc.applyAsLong(crcs))));
        append(new Values(tensor));
    }

    private Entry begin(String name, long size, ToLongFunction<IntUnaryOperator> crc) {
        byte[] path = (folder + "/" + name).getBytes(StandardCharsets.UTF_8);
        Entry entry = new Entry(path, size, at, crc);
        entries.add(entry);
        return entry;
    }

    private static long unsigned(int crc) {
        return Integer.toUnsignedLong(crc);
    }

    private void append(Segment segment) {
        segments.add(segment);
        at = Math.addExact(at, segment.length());
    }

    private static byte[] header(Entry entry, long crc) {
        int extra = entry.headerLength() - 30 - entry.name.length;
        ByteBuffer out = buffer(entry.headerLength());
        out.putInt(0x04034b50).putShort(version(entry.isWide())).putShort((short) UTF8);
        out.putShort((short) 0).putShort((short) 0).putShort((short) DATE);
        out.putInt((int) crc);
        out.putInt((int) Math.min(entry.size, SATURATED));
        out.putInt((int) Math.min(entry.size, SATURATED));
        out.putShort((short) entry.name.length).putShort((short) extra).put(entry.name);
        if (entry.isWide()) {
            out.putShort((short) 1).putShort((short) 16).putLong(entry.size).putLong(entry.size);
        }
        out.put((byte) 'F').put((byte) 'B').putShort((short) entry.padding());
        while (out.hasRemaining()) out.put((byte) 'Z');
        return out.array();
    }

    private static short version(boolean wide) {
        return (short) (wide ? VERSION_ZIP64 : VERSION);
    }

    /** The whole archive's segments, the directory and the end records last. */
    List<Segment> finish() {
        long directory = at;
        int size = 0;
        for (Entry entry : entries) size += 46 + entry.name.length + wideFields(entry);
        int length = size;
        segments.add(
                new Checksummed(
                        length + 56 + 20 + 22, 0, tensors, crcs -> tail(directory, length, crcs)));
        return segments;
    }

    private static int wideFields(Entry entry) {
        int values = (entry.isWide() ? 2 : 0) + (entry.offset >= SATURATED ? 1 : 0);
        return values == 0 ? 0 : 4 + 8 * values;
    }

    private byte[] tail(long directory, int size, IntUnaryOperator crcs) {
        ByteBuffer out = buffer(size + 56 + 20 + 22);
        for (Entry entry : entries) directoryEntry(out, entry, crcs);
        out.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45);
        out.putInt(0).putInt(0).putLong(entries.size()).putLong(entries.size());
        out.putLong(size).putLong(directory);
        out.putInt(0x07064b50).putInt(0).putLong(directory + size).putInt(1);
        short count = (short) Math.min(entries.size(), 0xffff);
        out.putInt(0x06054b50).putShort((short) 0).putShort((short) 0);
        out.putShort(count).putShort(count).putInt(size);
        out.putInt((int) Math.min(directory, SATURATED)).putShort((short) 0);
        return out.array();
    }

    private static void directoryEntry(ByteBuffer out, Entry entry, IntUnaryOperator crcs) {
        int extra = wideFields(entry);
        out.putInt(0x02014b50).putShort(version(extra > 0)).putShort(version(extra > 0));
        out.putShort((short) UTF8).putShort((short) 0).putShort((short) 0).putShort((short) DATE);
        out.putInt((int) entry.crc.applyAsLong(crcs));
        out.putInt((int) Math.min(entry.size, SATURATED));
        out.putInt((int) Math.min(entry.size, SATURATED));
        out.putShort((short) entry.name.length).putShort((short) extra);
        out.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
        out.putInt((int) Math.min(entry.offset, SATURATED)).put(entry.name);
        if (extra == 0) return;
        out.putShort((short) 1).putShort((short) (extra - 4));
        if (entry.isWide()) out.putLong(entry.size).putLong(entry.size);
        if (entry.offset >= SATURATED) out.putLong(entry.offset);
    }

    private static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
