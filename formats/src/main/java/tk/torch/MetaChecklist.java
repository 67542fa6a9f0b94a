package tk.torch;

import tk.checkpoint.Progress;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsafeException;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code checklist.chk} of Meta's releases: what {@code md5sum} printed for each file.
 *
 * @param file the list itself
 * @param entries its lines
 */
public record MetaChecklist(Path file, List<Entry> entries) {
    private static final Pattern LINE = Pattern.compile("([0-9a-fA-F]{32}) [ *](.+)");
    private static final long LARGEST = 1 << 20;
    private static final int CHUNK = 1 << 20;

    /**
     * A line of the list.
     *
     * @param name of a file in the list's folder
     * @param md5 its MD5 in lower-case hexadecimal
     */
    public record Entry(String name, String md5) {}

    /**
     * A file that is not what the list says.
     *
     * @param name of the file
     * @param expected its MD5 by the list
     * @param found its MD5; empty where the file is missing
     */
    public record Mismatch(String name, String expected, String found) {
        /** In words, after the file's name. */
        public String describe() {
            return found.isEmpty() ? "is missing" : "has MD5 " + found + ", expected " + expected;
        }
    }

    /** Copies the list. */
    public MetaChecklist {
        entries = List.copyOf(entries);
    }

    /** The list of a folder, if it has one. */
    public static Optional<MetaChecklist> in(Path folder) {
        Path file = folder.resolve("checklist.chk");
        return Files.isRegularFile(file) ? Optional.of(read(file)) : Optional.empty();
    }

    /**
     * Reads a list.
     *
     * @throws MalformedException where it is none
     * @throws UnsafeException where it names a file outside its folder
     */
    public static MetaChecklist read(Path file) {
        List<Entry> entries = new ArrayList<>();
        for (String line : lines(file)) {
            if (line.isBlank()) continue;
            Matcher match = LINE.matcher(line);
            if (!match.matches()) {
                throw new MalformedException(
                        "%s: line %d: expected an MD5 and a file name"
                                .formatted(file, entries.size() + 1));
            }
            String name = match.group(2).strip();
            if (name.isEmpty()) {
                throw new MalformedException(
                        "%s: line %d: no file name after the MD5"
                                .formatted(file, entries.size() + 1));
            }
            if (name.matches(".*[/\\\\:\0].*") || name.equals("..") || name.equals(".")) {
                throw new UnsafeException(
                        "%s: line %d names `%s`, a file outside its folder"
                                .formatted(file, entries.size() + 1, Spelling.visible(name)),
                        "No release of Meta's does: don't trust this folder.");
            }
            entries.add(new Entry(name, match.group(1).toLowerCase(Locale.ROOT)));
        }
        return new MetaChecklist(file, entries);
    }

    private static List<String> lines(Path file) {
        try {
            if (Files.size(file) > LARGEST) {
                throw new MalformedException(
                        "%s: %d bytes, expected a short list".formatted(file, Files.size(file)));
            }
            return Files.readAllLines(file);
        } catch (java.nio.charset.CharacterCodingException e) {
            throw new MalformedException(file + ": not UTF-8", null, e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** Reads every file of the list; the files that are missing or differ, in its order. */
    public List<Mismatch> verify(Progress progress) {
        progress.stage("verifying " + file.getFileName(), bytes());
        List<Mismatch> mismatches = new ArrayList<>();
        for (Entry entry : entries) {
            Path path = file.resolveSibling(entry.name());
            String found = Files.isRegularFile(path) ? md5(path, progress) : "";
            if (!found.equals(entry.md5())) {
                mismatches.add(new Mismatch(entry.name(), entry.md5(), found));
            }
        }
        return mismatches;
    }

    /**
     * Reads every file of the list.
     *
     * @throws MalformedException naming the first that is missing or differs, and how many there
     *     are
     */
    public void require(Progress progress) {
        List<Mismatch> mismatches = verify(progress);
        if (mismatches.isEmpty()) return;
        Mismatch first = mismatches.getFirst();
        throw new MalformedException(
                "%s %s (%s; %d of %d files fail)"
                        .formatted(
                                file.resolveSibling(first.name()),
                                first.describe(),
                                file.getFileName(),
                                mismatches.size(),
                                entries.size()),
                "Its download is damaged: fetch it again.");
    }

    private long bytes() {
        long sum = 0;
        for (Entry entry : entries) {
            try {
                sum += Files.size(file.resolveSibling(entry.name()));
            } catch (IOException missing) {
                continue; // which verify reports
            }
        }
        return sum;
    }

    private static String md5(Path path, Progress progress) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        }
        byte[] buffer = new byte[CHUNK];
        try (InputStream in = Files.newInputStream(path)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
                progress.advance(n);
            }
        } catch (IOException e) {
            throw new IoException(path + ": cannot be read: " + e.getMessage(), null, e);
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
