package tk.tokenizer;

import ai.djl.sentencepiece.SpProcessor;
import ai.djl.sentencepiece.SpTokenizer;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The sentencepiece library itself, for encoding only. Thread-safe.
 *
 * <p>It is native code behind DJL's binding, which ends the JVM where it is used wrongly: after it
 * was closed, with ids out of range, with a model whose trie points outside of itself. So nothing
 * of it is reachable but {@link #encode}, under a lock that {@link #close} waits for, on models
 * that {@link SentencePieceModel} has checked. Its decode is wrong beyond the basic plane and is
 * not used.
 */
final class NativeSentencePiece implements AutoCloseable {
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private final SpTokenizer tokenizer;
    private boolean closed;

    private NativeSentencePiece(SpTokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /** The library with a model, unless there is none for this machine or it does not take it. */
    static Optional<NativeSentencePiece> load(SentencePieceModel checked, byte[] bytes) {
        // The library's trie is built of C strings, and building it fails on two that are equal.
        boolean plain = checked.pieces().stream().noneMatch(piece -> piece.text().indexOf(0) >= 0);
        if (!plain || !Library.AVAILABLE) return Optional.empty();
        try {
            return Optional.of(new NativeSentencePiece(new SpTokenizer(bytes)));
        } catch (RuntimeException | LinkageError e) {
            return Optional.empty(); // no library for this machine, or one that can't be loaded
        }
    }

    /** Whether the library gives this text's ids: the binding hands over a NUL as two bytes. */
    static boolean takes(String text) {
        return text.indexOf(0) < 0;
    }

    /** The ids of a text without lone surrogates. */
    int[] encode(String text) {
        lock.readLock().lock();
        try {
            if (closed) throw new IllegalStateException("the tokenizer is closed");
            return tokenizer.getProcessor().encode(text);
        } finally {
            lock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        lock.writeLock().lock();
        try {
            if (!closed) tokenizer.close();
            closed = true;
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** The shared library, loaded once from a folder that only this process knows. */
    private static final class Library {
        private static final String CACHE = "ENGINE_CACHE_DIR";
        static final boolean AVAILABLE = load();

        private static boolean load() {
            String before = System.getProperty(CACHE);
            Path folder = null;
            try {
                folder = Files.createTempDirectory("tk-sentencepiece");
                // Without it the binding would load whatever lies in the user's cache.
                System.setProperty(CACHE, folder.toString());
                Class<?> processor = SpProcessor.class;
                Class.forName(processor.getName(), true, processor.getClassLoader());
                return true;
            } catch (IOException | ClassNotFoundException | LinkageError e) {
                return false;
            } finally {
                if (before == null) System.clearProperty(CACHE);
                else System.setProperty(CACHE, before);
                if (folder != null) delete(folder);
            }
        }

        /** A loaded library's file may go, except on Windows, where it goes at the end. */
        private static void delete(Path folder) {
            try {
                Files.walkFileTree(
                        folder,
                        new SimpleFileVisitor<>() {
                            @Override
                            public FileVisitResult visitFile(Path file, BasicFileAttributes a)
                                    throws IOException {
                                return remove(file);
                            }

                            @Override
                            public FileVisitResult postVisitDirectory(Path dir, IOException e)
                                    throws IOException {
                                return remove(dir);
                            }
                        });
            } catch (IOException e) {
                folder.toFile().deleteOnExit();
            }
        }

        private static FileVisitResult remove(Path path) {
            if (!path.toFile().delete()) path.toFile().deleteOnExit();
            return FileVisitResult.CONTINUE;
        }
    }
}
