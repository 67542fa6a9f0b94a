package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.tensor.SourceFile;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;

/**
 * A forward reader of little-endian values in a bounded run of a file, or of bytes in memory.
 *
 * <p>Reads ahead through a small buffer, so that its memory does not depend on the run's length. No
 * read goes past the run's end: it fails, saying where.
 */
final class ByteWindow {
    private static final int BUFFER = 32 << 10;

    private final String place;
    private final SourceFile file;
    private final boolean inMemory;
    private final long start;
    private final long end;
    private byte[] buffer;

    /** Where in the run {@code buffer[0]} lies. */
    private long bufferStart;

    private int at;
    private int limit;

    private ByteWindow(
            String place, SourceFile file, boolean inMemory, long start, long end, byte[] buffer) {
        this.place = place;
        this.file = file;
        this.inMemory = inMemory;
        this.start = start;
        this.end = end;
        this.buffer = buffer;
        this.limit = inMemory ? buffer.length : 0;
    }

    /**
     * The bytes {@code offset … offset+length-1} of {@code file}.
     *
     * @param place what to call the run in errors, such as {@code model.pt: archive/data.pkl}
     */
    static ByteWindow of(String place, SourceFile file, long offset, long length) {
        return of(place, file, offset, length, BUFFER);
    }

    /** The same, reading {@code ahead} bytes at a time: few, where it is going to jump about. */
    static ByteWindow of(String place, SourceFile file, long offset, long length, int ahead) {
        Objects.checkFromIndexSize(offset, length, file.size());
        return new ByteWindow(
                place,
                file,
                false,
                offset,
                offset + length,
                new byte[(int) Math.min(ahead, length)]);
    }

    /** Bytes that are no plain run of {@code file}, because they were compressed there. */
    static ByteWindow inMemory(String place, SourceFile file, byte[] bytes) {
        return new ByteWindow(place, file, true, 0, bytes.length, bytes);
    }

    /** What the run is called in errors. */
    String place() {
        return place;
    }

    /** The file the run belongs to. */
    SourceFile file() {
        return file;
    }

    /** Whether positions of this run are positions in the file, but for {@link #start()}. */
    boolean inFile() {
        return !inMemory;
    }

    /** Where the run begins in the file; 0 for bytes in memory. */
    long start() {
        return start;
    }

    /** Where the next byte lies, counted from the run's start. */
    long position() {
        return bufferStart + at;
    }

    /** How many bytes are left. */
    long remaining() {
        return end - start - position();
    }

    /** The next byte, unsigned. */
    int u8(String what) {
        if (at == limit) fill(1, what);
        return buffer[at++] & 0xff;
    }

    /** The next two bytes, unsigned. */
    int u16(String what) {
        need(2, what);
        int value = (buffer[at] & 0xff) | (buffer[at + 1] & 0xff) << 8;
        at += 2;
        return value;
    }

    /** The next four bytes, signed. */
    int i32(String what) {
        need(4, what);
        int value = 0;
        for (int i = 3; i >= 0; i--) value = value << 8 | (buffer[at + i] & 0xff);
        at += 4;
        return value;
    }

    /** The next four bytes, unsigned. */
    long u32(String what) {
        return Integer.toUnsignedLong(i32(what));
    }

    /** The next eight bytes, signed. */
    long i64(String what) {
        need(8, what);
        long value = 0;
        for (int i = 7; i >= 0; i--) value = value << 8 | (buffer[at + i] & 0xff);
        at += 8;
        return value;
    }

    /** The next {@code count} bytes; the caller has bounded the count. */
    byte[] bytes(int count, String what) {
        require(count, what);
        if (count <= limit - at) {
            byte[] bytes = Arrays.copyOfRange(buffer, at, at + count);
            at += count;
            return bytes;
        }
        byte[] bytes = new byte[count];
        file.read(start + position(), MemorySegment.ofArray(bytes));
        seek(position() + count);
        return bytes;
    }

    /** Goes on after {@code count} bytes. */
    void skip(long count, String what) {
        require(count, what);
        seek(position() + count);
    }

    /** Goes on at {@code position}, which must lie within the run. */
    void seek(long position) {
        if (position < 0 || position > end - start) throw new IllegalArgumentException("seek");
        if (position >= bufferStart && position <= bufferStart + limit) {
            at = (int) (position - bufferStart);
        } else {
            bufferStart = position;
            at = 0;
            limit = 0;
        }
    }

    /** The bytes before the next line feed, which is consumed; at most {@code most} of them. */
    byte[] line(int most, String what) {
        byte[] line = new byte[32];
        int length = 0;
        while (true) {
            int b = u8(what);
            if (b == '\n') return Arrays.copyOf(line, length);
            if (length == most) {
                throw malformed(
                        "a line of more than %d bytes, reading %s".formatted(most, what), null);
            }
            if (length == line.length) line = Arrays.copyOf(line, Math.min(most, 2 * length));
            line[length++] = (byte) b;
        }
    }

    /** Fails unless {@code count} more bytes are there. */
    void require(long count, String what) {
        if (count < 0 || count > remaining()) {
            throw malformed(
                    "%s takes %d bytes, but %d are left".formatted(what, count, remaining()),
                    "The file is truncated or damaged: get it again.");
        }
    }

    /** An error at the present position. */
    MalformedException malformed(String problem, @Nullable String hint) {
        return new MalformedException(
                "%s: byte %d: %s".formatted(place, position(), problem), hint);
    }

    private void need(int count, String what) {
        if (limit - at < count) fill(count, what);
    }

    private void fill(int count, String what) {
        require(count, what);
        long position = position();
        if (inMemory) throw new IllegalStateException("memory needs no filling");
        int size = (int) Math.min(buffer.length, end - start - position);
        if (size < count) buffer = new byte[count];
        size = (int) Math.min(buffer.length, end - start - position);
        file.read(start + position, MemorySegment.ofArray(buffer).asSlice(0, size));
        bufferStart = position;
        at = 0;
        limit = size;
    }
}
