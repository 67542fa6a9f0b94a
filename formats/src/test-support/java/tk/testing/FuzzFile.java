package tk.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that takes each input of a fuzz test in turn; in memory where the system offers that. */
public final class FuzzFile {
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path file;

    /** A file of that name in a folder of its own, removed when the JVM ends. */
    public FuzzFile(String name) {
        try {
            Path folder =
                    Files.isWritable(MEMORY)
                            ? Files.createTempDirectory(MEMORY, "tk-fuzz")
                            : Files.createTempDirectory("tk-fuzz");
            file = folder.resolve(name);
            folder.toFile().deleteOnExit();
            file.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file, holding these bytes. */
    public Path with(byte[] data) {
        try {
            return Files.write(file, data);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
