package tk.tensor;

import tk.error.IoException;
import tk.error.MalformedException;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * An input file opened for positioned reads. Thread-safe.
 *
 * <p>Read, never mapped: a mapped file that another process truncates takes the whole JVM down in
 * compiled vector code, while a read gives a clear error.
 */
public final class SourceFile implements AutoCloseable {
    private final Path path;
    private final Content content;
    private final long size;

    private SourceFile(Path path, Content content) throws IOException {
        this.path = path;
        this.content = content;
        this.size = content.size();
    }

    /** Where the bytes are. */
    private interface Content extends Closeable {
        long size() throws IOException;

        /** As {@link FileChannel#read(ByteBuffer, long)}. */
        int read(ByteBuffer into, long offset) throws IOException;
    }

    /**
     * Opens a regular file.
     *
     * @throws IoException where it is missing, unreadable or no regular file
     */
    public static SourceFile open(Path path) {
        try {
            var attributes = Files.readAttributes(path, BasicFileAttributes.class);
            if (attributes.isDirectory()) throw new IoException(path + ": is a folder, not a file");
            // Opening a pipe would wait for whoever writes to it.
            if (!attributes.isRegularFile())
                throw new IoException(path + ": is no regular file", "Save it to a file first.");
            return new SourceFile(
                    path, new OnDisk(FileChannel.open(path, StandardOpenOption.READ)));
        } catch (NoSuchFileException e) {
            throw new IoException(path + ": no such file", "Check the path.", e);
        } catch (AccessDeniedException e) {
            throw new IoException(path + ": not readable", "Check the file's permissions.", e);
        } catch (IOException e) {
            throw new IoException(path + ": cannot be opened: " + e.getMessage(), null, e);
        }
    }

    /**
     * A file that need not exist: its bytes are these.
     *
     * @param path what errors call it
     */
    public static SourceFile inMemory(Path path, byte[] bytes) {
        try {
            return new SourceFile(path, new InMemory(ByteBuffer.wrap(bytes)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private record OnDisk(FileChannel channel) implements Content {
        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public int read(ByteBuffer into, long offset) throws IOException {
            return channel.read(into, offset);
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private record InMemory(ByteBuffer bytes) implements Content {
        @Override
        public long size() {
            return bytes.capacity();
        }

        @Override
        public int read(ByteBuffer into, long offset) {
            int length = into.remaining();
            into.put(bytes.slice((int) offset, length));
            return length;
        }

        @Override
        public void close() {}
    }

    /** The path it was opened by. */
    public Path path() {
        return path;
    }

    /** Its size in bytes when it was opened. */
    public long size() {
        return size;
    }

    /**
     * Fills {@code into} with the bytes from {@code offset} on. Native memory is fastest.
     *
     * @throws MalformedException where the file ends before, which it does when it shrank after it
     *     was opened
     */
    public void read(long offset, MemorySegment into) {
        Objects.checkFromIndexSize(offset, into.byteSize(), Math.max(size, 0));
        long done = 0;
        long length = into.byteSize();
        while (done < length) {
            int chunk = (int) Math.min(length - done, 1 << 28);
            ByteBuffer buffer = into.asSlice(done, chunk).asByteBuffer();
            done += readSome(offset + done, buffer);
        }
    }

    /** The {@code length} bytes from {@code offset} on; for headers, not for weights. */
    public byte[] read(long offset, int length) {
        Objects.checkFromIndexSize(offset, length, size);
        byte[] bytes = new byte[length];
        read(offset, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /**
     * The {@code length} bytes from {@code offset} on, as a stream; closing it leaves the file
     * open.
     */
    public InputStream stream(long offset, long length) {
        Objects.checkFromIndexSize(offset, length, size);
        return new BufferedInputStream(new Region(offset, offset + length), 1 << 16);
    }

    private final class Region extends InputStream {
        private long next;
        private final long end;

        private Region(long start, long end) {
            this.next = start;
            this.end = end;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int from, int length) {
            if (length > 0 && next == end) return -1;
            int count = (int) Math.min(length, end - next);
            SourceFile.this.read(next, MemorySegment.ofArray(into).asSlice(from, count));
            next += count;
            return count;
        }
    }

    private int readSome(long offset, ByteBuffer buffer) {
        try {
            int n = content.read(buffer, offset);
            if (n <= 0) throw shrank();
            return n;
        } catch (IOException e) {
            throw new IoException(
                    path + ": cannot be read at byte " + offset + ": " + e.getMessage(), null, e);
        }
    }

    private MalformedException shrank() throws IOException {
        return new MalformedException(
                "%s: ends at byte %s, expected %s bytes: the file shrank while it was being read"
                        .formatted(path, content.size(), size),
                "Wait until whatever writes it has finished, then try again.");
    }

    @Override
    public void close() {
        try {
            content.close();
        } catch (IOException e) {
            throw new IoException(path + ": cannot be closed: " + e.getMessage(), null, e);
        }
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
