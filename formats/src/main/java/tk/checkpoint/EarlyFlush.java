package tk.checkpoint;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/**
 * Brings a file or folder onto the disk again and again while it is being written: by itself a
 * system with much memory begins when gigabytes have gathered.
 */
final class EarlyFlush {
    /** Milliseconds between two flushes. */
    private static final long PAUSE = 50;

    private final Path path;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;

    /** The system tells of bytes that it could not write once: to whoever flushes first. */
    private volatile @Nullable IOException failure;

    private EarlyFlush(Path path) {
        this.path = path;
        this.thread = Thread.ofPlatform().daemon().name("tk-flush").unstarted(this::run);
    }

    /** Begins; the path need not exist yet. */
    static EarlyFlush of(Path path) {
        EarlyFlush flush = new EarlyFlush(path);
        flush.thread.start();
        return flush;
    }

    private void run() {
        try {
            while (!ended.await(PAUSE, MILLISECONDS)) {
                if (Files.exists(path)) Durable.sync(path);
            }
        } catch (InterruptedException e) {
            // Nobody does that.
        } catch (NoSuchFileException e) {
            // Committing does it again.
        } catch (IOException e) {
            failure = e;
        } catch (UncheckedIOException e) {
            failure = e.getCause();
        }
    }

    /**
     * Waits for the flush that is under way, if any, and begins no other.
     *
     * @return what one of them failed with
     */
    @Nullable IOException end() {
        ended.countDown();
        Joining.join(thread);
        return failure;
    }
}
