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
    private static final Pattern WEIGHTS = Pattern.compile(".+\\.(pth|pt|bin|safetensors)");
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
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) entries.add(entry(file, i + 1, lines.get(i)));
        }
        return new MetaChecklist(file, entries);
    }

    private static Entry entry(Path file, int number, String line) {
        Matcher match = LINE.matcher(line);
        String name = match.matches() ? match.group(2).strip() : "";
        while (name.startsWith("./")) name = name.substring(2);
        if (name.isEmpty()) {
            throw new MalformedException(
                    "%s: line %d: expected an MD5 and a file name, found `%s`"
                            .formatted(file, number, Spelling.visible(line)),
                    "Write the list with md5sum, or take the file away.");
        }
        if (name.matches(".*[/\\\\:\0].*") || name.equals("..") || name.equals(".")) {
            throw new UnsafeException(
                    "%s: line %d names `%s`, a file outside its folder"
                            .formatted(file, number, Spelling.visible(name)),
                    "No release of Meta's does: don't trust this folder.");
        }
        return new Entry(name, match.group(1).toLowerCase(Locale.ROOT));
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
     * Reads every file of the list. One that is missing is no fault unless it holds weights: a
     * tokenizer may lie elsewhere, and what a command lacks it says itself.
     *
     * @throws IoException naming the first file of weights that is missing
     * @throws MalformedException naming the first that differs, and how many fail
     */
    public void require(Progress progress) {
        List<Mismatch> mismatches =
                verify(progress).stream()
                        .filter(m -> !m.found().isEmpty() || WEIGHTS.matcher(m.name()).matches())
                        .toList();
        if (mismatches.isEmpty()) return;
        Mismatch first = mismatches.getFirst();
        String message =
                "%s %s (%s; %d of %d files fail)"
                        .formatted(
                                file.resolveSibling(first.name()),
                                first.describe(),
                                file.getFileName(),
                                mismatches.size(),
                                entries.size());
        if (first.found().isEmpty())
            throw new IoException(message, "Fetch it into the folder of the others.");
        throw new MalformedException(message, "Its download is damaged: fetch it again.");
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
