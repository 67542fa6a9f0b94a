package tk.torch;

import tk.error.MalformedException;
import tk.tensor.FileRegion;
import tk.tensor.SourceFile;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The plain files of a tar archive and where their bytes lie.
 *
 * <p>A member is a header of 512 bytes (at 0 the name, at 124 the size in octal digits or, if its
 * first bit is set, in binary, at 148 a checksum, at 156 the type) and its bytes, padded to 512. A
 * header of zeros ends the archive. Source: POSIX.1-1988 ustar.
 */
final class TarDirectory {
    private static final int BLOCK = 512;

    /** torch wrote four members. */
    private static final int MOST_MEMBERS = 64;

    private TarDirectory() {}

    /** Whether the file begins with a tar header. */
    static boolean recognises(byte[] head) {
        return head.length >= BLOCK && head[0] != 0 && checksum(head) == statedChecksum(head);
    }

    /** The plain files by name. */
    static Map<String, FileRegion> read(SourceFile file) {
        Map<String, FileRegion> members = new LinkedHashMap<>();
        long at = 0;
        for (int count = 0; at <= file.size() - BLOCK; count++) {
            byte[] header = file.read(at, BLOCK);
            if (header[0] == 0) return members;
            if (checksum(header) != statedChecksum(header)) {
                throw malformed(file, at, "no tar header: its checksum is wrong");
            }
            if (count == MOST_MEMBERS) {
                throw malformed(
                        file, at, "more than %d members, expected 4".formatted(MOST_MEMBERS));
            }
            long size = size(file, at, header);
            long data = at + BLOCK;
            if (size < 0 || size > file.size() - data) {
                throw malformed(
                        file,
                        at,
                        "the tar member `%s` has %d bytes, but %d are left"
                                .formatted(
                                        Spelling.visible(name(header)), size, file.size() - data));
            }
            boolean plain = header[156] == '0' || header[156] == 0;
            if (plain && members.put(name(header), new FileRegion(file, data, size)) != null) {
                throw malformed(file, at, "two tar members of one name");
            }
            at = data + Math.ceilDiv(size, BLOCK) * BLOCK;
        }
        return members;
    }

    private static String name(byte[] header) {
        int length = 0;
        while (length < 100 && header[length] != 0) length++;
        String name = new String(header, 0, length, StandardCharsets.UTF_8);
        return name.startsWith("./") ? name.substring(2) : name;
    }

    private static long size(SourceFile file, long at, byte[] header) {
        if (header[124] < 0) { // the GNU form of sizes beyond 8 GiB
            long size = 0;
            for (int i = 128; i < 136; i++) size = size << 8 | (header[i] & 0xff);
            return size;
        }
        long size = octal(header, 124, 12);
        if (size < 0) throw malformed(file, at, "a tar member's size is no octal number");
        return size;
    }

    private static long octal(byte[] header, int from, int length) {
        String digits =
                new String(header, from, length, StandardCharsets.ISO_8859_1)
                        .replace('\0', ' ')
                        .strip();
        if (!digits.matches("[0-7]{1,12}")) return -1;
        return Long.parseLong(digits, 8);
    }

    private static long statedChecksum(byte[] header) {
        return octal(header, 148, 8);
    }

    /** The sum of the header's bytes, the checksum's own counted as spaces. */
    private static long checksum(byte[] header) {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : header[i] & 0xff;
        }
        return sum;
    }

    private static MalformedException malformed(SourceFile file, long at, String problem) {
        return new MalformedException(
                "%s: byte %d: %s".formatted(file, at, problem),
                "The archive is damaged: get the file again.");
    }
}
