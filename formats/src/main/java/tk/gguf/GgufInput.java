package tk.gguf;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.SourceFile;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads a GGUF header from front to back. Every length is checked against what is left of the file,
 * and against a budget of memory, before anything is allocated.
 */
final class GgufInput {
    /**
     * Bytes of memory a header may take. The largest vocabularies in use (260,000 tokens, 510,000
     * merges) take about 15 MB.
     */
    static final long BUDGET = 32L << 20;

    private static final int WINDOW = 1 << 16;

    private final SourceFile file;
    private final ByteBuffer window = ByteBuffer.allocate(WINDOW).limit(0);
    private long windowEnd;
    private long spent;

    GgufInput(SourceFile file) {
        this.file = file;
    }

    /** Reads numbers in this order from here on. */
    void order(ByteOrder order) {
        window.order(order);
    }

    ByteOrder order() {
        return window.order();
    }

    /** Where the next byte comes from. */
    long position() {
        return windowEnd - window.remaining();
    }

    long remaining() {
        return file.size() - position();
    }

    byte i8(String what) {
        return need(1, what).get();
    }

    short i16(String what) {
        return need(2, what).getShort();
    }

    int i32(String what) {
        return need(4, what).getInt();
    }

    long i64(String what) {
        return need(8, what).getLong();
    }

    /**
     * An unsigned 64-bit number that counts things of which each takes at least this many bytes.
     */
    long count(String what, int smallest) {
        long at = position();
        long count = i64(what);
        if (count < 0 || count > remaining() / smallest) {
            throw malformed(
                    at,
                    "%s is %s, but the %s bytes that are left hold at most %s"
                            .formatted(
                                    what,
                                    Long.toUnsignedString(count),
                                    remaining(),
                                    remaining() / smallest));
        }
        return count;
    }

    /** A length in 64 bits and as many bytes of UTF-8. */
    String text(String what) {
        long at = position();
        byte[] bytes = bytes(textLength(what), what);
        String text = new String(bytes, StandardCharsets.UTF_8);
        if (!isUtf8(text, bytes, 0, bytes.length)) throw notUtf8(at, what);
        return text;
    }

    int textLength(String what) {
        long length = count("the length of " + what, 1);
        spend(length);
        return (int) length;
    }

    private byte[] bytes(int length, String what) {
        byte[] bytes = new byte[length];
        fill(bytes, 0, length, what);
        return bytes;
    }

    /** The next {@code length} bytes. */
    void fill(byte[] into, int from, int length, String what) {
        if (length > remaining()) throw ended(what, length);
        int buffered = Math.min(length, window.remaining());
        window.get(into, from, buffered);
        if (length - buffered > WINDOW) {
            file.read(
                    windowEnd,
                    MemorySegment.ofArray(into).asSlice(from + buffered, length - buffered));
            windowEnd += length - buffered;
            window.limit(0);
        } else if (length > buffered) {
            need(length - buffered, what).get(into, from + buffered, length - buffered);
        }
    }

    /** Counts memory that the header is going to take. */
    void spend(long bytes) {
        spent += bytes;
        if (spent > BUDGET) {
            throw new UnsupportedException(
                    "%s: byte %s: the header takes more than the %s bytes of memory that tk gives it"
                            .formatted(file, position(), BUDGET),
                    "No model in use comes near; if this one is sound, please report it.");
        }
    }

    static boolean isUtf8(String decoded, byte[] bytes, int from, int to) {
        return decoded.indexOf('\uFFFD') < 0
                || Arrays.equals(
                        decoded.getBytes(StandardCharsets.UTF_8),
                        Arrays.copyOfRange(bytes, from, to));
    }

    MalformedException notUtf8(long at, String what) {
        return malformed(at, what + " is not valid UTF-8");
    }

    MalformedException malformed(long at, String message) {
        return malformed(at, message, null);
    }

    MalformedException malformed(long at, String message, @Nullable String hint) {
        return new MalformedException("%s: byte %s: %s".formatted(file, at, message), hint);
    }

    /** At least {@code bytes} bytes, at most a window full. */
    private ByteBuffer need(int bytes, String what) {
        if (window.remaining() < bytes) {
            if (bytes > remaining()) throw ended(what, bytes);
            int kept = window.remaining();
            window.compact();
            int more = (int) Math.min(WINDOW - kept, file.size() - windowEnd);
            file.read(windowEnd, MemorySegment.ofArray(window.array()).asSlice(kept, more));
            windowEnd += more;
            window.position(0).limit(kept + more);
        }
        return window;
    }

    private MalformedException ended(String what, long bytes) {
        return malformed(
                position(),
                "the file ends at byte %s within %s: expected %s more bytes, found %s"
                        .formatted(file.size(), what, bytes, remaining()),
                "It was not copied or downloaded whole: fetch it again.");
    }
}
