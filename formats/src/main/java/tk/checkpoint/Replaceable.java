package tk.checkpoint;

import tk.error.IoException;
import tk.error.UsageException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What {@code --force} may replace. An existing folder is replaced as a whole, so a wrong path
 * would take with it everything in there: only a folder with a model in it is replaced, or an empty
 * one, and never one around the folder that the program runs in.
 */
final class Replaceable {
    /** A folder that tk wrote has one of these. */
    private static final Set<String> NAMES =
            Set.of(
                    "config.json",
                    "adapter_config.json",
                    "params.json",
                    "Modelfile",
                    "report.json",
                    "report.html");

    private static final List<String> ENDINGS = List.of(".gguf", ".safetensors");

    private Replaceable() {}

    /**
     * Refuses to replace an existing target.
     *
     * @throws UsageException where more would be lost than an earlier output
     */
    static void check(Path target) {
        if (isSpecial(target))
            throw new UsageException(
                    target + ": is a device, a pipe or a socket, and would be replaced by a file",
                    "Choose another output.");
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) return;
        try {
            if (Path.of("").toRealPath().startsWith(target.toRealPath())) {
                throw new UsageException(
                        target + ": the folder that tk runs in would be replaced",
                        "Choose another output folder: --force replaces it with all that it holds.");
            }
            List<Path> entries;
            try (Stream<Path> files = Files.list(target)) {
                entries = files.toList();
            }
            if (entries.isEmpty() || entries.stream().anyMatch(Replaceable::isAModels)) return;
            throw new UsageException(
                    "%s: holds %s and no model, and would be replaced as a whole"
                            .formatted(target, entries.getFirst().getFileName()),
                    "Choose another output folder, or remove this one yourself.");
        } catch (IOException e) {
            throw new IoException(target + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private static boolean isSpecial(Path target) {
        try {
            return Files.readAttributes(
                            target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .isOther();
        } catch (IOException none) {
            return false;
        }
    }

    private static boolean isAModels(Path entry) {
        String name = String.valueOf(entry.getFileName());
        return NAMES.contains(name) || ENDINGS.stream().anyMatch(name::endsWith);
    }
}
