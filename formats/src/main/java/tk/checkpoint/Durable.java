package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** Brings to the disk what was written. */
final class Durable {
    private Durable() {}

    /** A file, or a folder with all in it. */
    static void sync(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            syncFile(path);
            return;
        }
        List<Path> files;
        try (Stream<Path> walk = Files.walk(path)) {
            files = walk.toList();
        }
        for (Path file : files) {
            if (Files.isRegularFile(file)) syncFile(file);
            else syncFolder(file);
        }
    }

    private static void syncFile(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.force(true);
        }
    }

    /**
     * Makes the rename itself durable; Windows cannot open a folder, and there it is not needed.
     */
    static void syncFolder(@Nullable Path folder) {
        if (folder == null) return;
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            // Nothing is lost but the guarantee against a power cut within the next seconds.
        }
    }
}
