package tk.checkpoint;

import tk.error.IoException;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of files and of tensors' contiguous little-endian bytes, in lower-case hexadecimal. */
public final class Sha256 {
    private static final int CHUNK = 1 << 20;

    private Sha256() {}

    /** Of a file's bytes, read anew from disk. */
    public static String of(Path file) {
        MessageDigest digest = digest();
        byte[] buffer = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) digest.update(buffer, 0, n);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Of these bytes. */
    public static String of(byte[] bytes) {
        return HexFormat.of().formatHex(digest().digest(bytes));
    }

    /** Of a tensor's rows. */
    public static String of(Tensor tensor) {
        MessageDigest digest = digest();
        Pieces pieces = Pieces.of(tensor);
        long step = pieces.fitting(CHUNK);
        try (Scratch scratch = Scratch.borrow(Math.min(pieces.count(), step) * pieces.bytes())) {
            for (long first = 0; first < pieces.count(); first += step) {
                long count = Math.min(step, pieces.count() - first);
                MemorySegment bytes = scratch.segment().asSlice(0, count * pieces.bytes());
                pieces.read(first, count, bytes);
                digest.update(bytes.asByteBuffer());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
