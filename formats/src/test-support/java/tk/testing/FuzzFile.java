package tk.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/** A file that takes each input of a fuzz test in turn; in memory where the system offers that. */
public final class FuzzFile {
    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path file;

    /** Stays open: a fuzz test is as fast as the system calls it makes are few. */
    private final FileChannel channel;

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
            channel =
                    FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file, holding these bytes. */
    public Path with(byte[] data) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(data);
            while (bytes.hasRemaining()) channel.write(bytes, bytes.position());
            channel.truncate(data.length);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Has these bytes read, or refused as {@link Refusal} demands. */
    public void readOrRefuse(byte[] data, Consumer<Path> reader) {
        Path path = with(data);
        Refusal.orDone(() -> reader.accept(path));
    }
}
