package tk.filekind;

import tk.error.IoException;
import tk.error.MalformedException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads a text that a person wrote, as editors and shells save it: UTF-8, or UTF-16 where a byte
 * order mark says so. The mark is no part of the text; line ends stay as they are.
 */
public final class TextFile {
    private static final long MAX = 1L << 28;

    private TextFile() {}

    /**
     * The text.
     *
     * @throws MalformedException where it is no text of that encoding, naming the line
     */
    public static String read(Path file) {
        byte[] bytes = bytes(file);
        if (begins(bytes, 0xef, 0xbb, 0xbf)) return text(file, bytes, 3, StandardCharsets.UTF_8);
        if (begins(bytes, 0xff, 0xfe)) return text(file, bytes, 2, StandardCharsets.UTF_16LE);
        if (begins(bytes, 0xfe, 0xff)) return text(file, bytes, 2, StandardCharsets.UTF_16BE);
        return text(file, bytes, 0, StandardCharsets.UTF_8);
    }

    /**
     * A text to be measured: every byte counts, as for llama.cpp's programs, a mark as well.
     *
     * @throws MalformedException where it is no UTF-8, naming the line
     */
    public static String verbatim(Path file) {
        return text(file, bytes(file), 0, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(Path file) {
        try {
            if (Files.size(file) > MAX) {
                throw new MalformedException(
                        "%s: %d bytes, expected a text of at most %d"
                                .formatted(file, Files.size(file), MAX));
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private static String text(Path file, byte[] bytes, int from, Charset charset) {
        ByteBuffer rest = ByteBuffer.wrap(bytes, from, bytes.length - from);
        try {
            return charset.newDecoder().decode(rest).toString();
        } catch (CharacterCodingException e) {
            // The decoder stops where it fails.
            int at = rest.position();
            long line = 1;
            for (int i = from; i < at; i++) if (bytes[i] == '\n') line++;
            throw new MalformedException(
                    "%s: line %d is not %s: byte 0x%02x at offset %d"
                            .formatted(
                                    file, line, charset, bytes[Math.min(at, bytes.length - 1)], at),
                    "Save it as UTF-8: it may be in an older encoding, such as Windows-1254.",
                    e);
        }
    }

    private static boolean begins(byte[] bytes, int... mark) {
        if (bytes.length < mark.length) return false;
        for (int i = 0; i < mark.length; i++) if ((bytes[i] & 0xff) != mark[i]) return false;
        return true;
    }
}
