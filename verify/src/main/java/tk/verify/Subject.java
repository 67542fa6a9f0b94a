package tk.verify;

import tk.checkpoint.Sha256;
import tk.error.IoException;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The bytes a verdict is about: a file, or a folder's files, with their hashes.
 *
 * @param path the file or folder
 * @param sha256 of the one file; of a folder the hash of the lines {@code HASH, two spaces, NAME,
 *     line feed}, sorted by name, as {@code sha256sum} prints them
 * @param parts the files, sorted by name
 */
public record Subject(Path path, String sha256, List<Part> parts) {
    /** Copies the list. */
    public Subject {
        parts = List.copyOf(parts);
    }

    /**
     * One file.
     *
     * @param name relative to the folder, with {@code /} between its parts
     * @param bytes its size
     * @param sha256 of its bytes
     */
    public record Part(String name, long bytes, String sha256) {}

    /**
     * Reads and hashes a file, or all files of a folder but hidden ones.
     *
     * @throws IoException where one cannot be read
     */
    public static Subject read(Path path) {
        if (!Files.isDirectory(path)) {
            Path name = path.getFileName();
            Part part = part(String.valueOf(name), path);
            return new Subject(path, part.sha256(), List.of(part));
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(path)) {
            files = walk.filter(file -> counts(path, file)).toList();
        } catch (IOException e) {
            throw new IoException(path + ": cannot be listed: " + e.getMessage(), null, e);
        }
        List<Part> parts = new ArrayList<>();
        for (Path file : files) {
            String name = path.relativize(file).toString().replace('\\', '/');
            parts.add(part(name, file));
        }
        return of(path, parts);
    }

    /**
     * Several files beside each other as one subject, such as the parts of a split GGUF.
     *
     * @param path what the user named
     * @param files all of them, {@code path} included
     */
    public static Subject read(Path path, List<Path> files) {
        if (files.size() == 1) return read(files.getFirst());
        List<Part> parts = new ArrayList<>();
        for (Path file : files) parts.add(part(String.valueOf(file.getFileName()), file));
        return of(path, parts);
    }

    /** The same files, read and hashed again, at the same or another place. */
    Subject readAgainAt(Path place) {
        if (parts.size() == 1 || Files.isDirectory(place)) return read(place);
        List<Path> files = new ArrayList<>();
        for (Part part : parts) files.add(place.resolveSibling(part.name()));
        return read(place, files);
    }

    private static Subject of(Path path, List<Part> parts) {
        parts.sort(Comparator.comparing(Part::name));
        StringBuilder lines = new StringBuilder();
        for (Part part : parts) {
            lines.append(part.sha256()).append("  ").append(part.name()).append('\n');
        }
        String sha256 = Sha256.of(lines.toString().getBytes(StandardCharsets.UTF_8));
        return new Subject(path, sha256, parts);
    }

    private static boolean counts(Path folder, Path file) {
        if (!Files.isRegularFile(file)) return false;
        for (Path part : folder.relativize(file)) {
            if (part.toString().startsWith(".")) return false;
        }
        return true;
    }

    private static Part part(String name, Path file) {
        try {
            return new Part(name, Files.size(file), Sha256.of(file));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** Bytes of all files. */
    public long bytes() {
        return parts.stream().mapToLong(Part::bytes).sum();
    }

    JsonObject toJson() {
        Members members =
                new Members()
                        .put("path", path.toString())
                        .put("sha256", sha256)
                        .put("bytes", bytes());
        if (parts.size() > 1) {
            members.put(
                    "files",
                    parts.stream()
                            .map(
                                    part ->
                                            new Members()
                                                    .put("name", part.name())
                                                    .put("bytes", part.bytes())
                                                    .put("sha256", part.sha256())
                                                    .object())
                            .toList());
        }
        return members.object();
    }
}
