package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import tk.error.IoException;
import tk.error.UsageException;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * An output that appears whole or not at all: written to a hidden sibling, flushed to disk, then
 * renamed into place.
 *
 * <p>The sibling is named {@code .NAME.tk-PID-N.part}; {@link #close()} without {@link #commit()}
 * removes it, an interrupted JVM removes it too, and one that a killed process left is removed by
 * the next output of that name.
 */
public final class StagedOutput implements AutoCloseable {
    private static final AtomicLong COUNTER = new AtomicLong();
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    /** Held while outputs are put in place, and by what cleans up after an interruption. */
    private static final ReentrantLock MOVING = new ReentrantLock();

    private static volatile @Nullable Thread cleaner;

    private final Path target;
    private final List<Path> siblings;
    private final Path stage;
    private final boolean force;
    private final @Nullable Path createdParent;
    private @Nullable EarlyFlush flush;
    private boolean done;

    private StagedOutput(
            Path target,
            List<Path> siblings,
            Path stage,
            boolean force,
            @Nullable Path createdParent) {
        this.target = target;
        this.siblings = siblings;
        this.stage = stage;
        this.force = force;
        this.createdParent = createdParent;
    }

    /**
     * Prepares to write {@code target}: checks that it may be written and that the space suffices.
     *
     * @param target a file or folder; missing parent folders are made
     * @param bytes what is going to be written
     * @param force whether an existing target may be replaced
     * @throws UsageException where it exists and {@code force} is false
     * @throws IoException where its folder cannot be written or has too little space
     */
    public static StagedOutput open(Path target, long bytes, boolean force) {
        check(target, force);
        return open(target, List.of(), bytes, force);
    }

    /**
     * Prepares to write several files in {@code target}'s folder; they are staged in a folder of
     * their own, and the first is put in place last, so that where it is all are.
     *
     * @param target what the stage is named after; need not be one of the files
     * @param siblings the files, all in the folder of {@code target}; empty where the target is
     *     what is written
     */
    static StagedOutput open(Path target, List<Path> siblings, long bytes, boolean force) {
        for (Path sibling : siblings) check(sibling, force);
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null || absolute.getFileName() == null) {
            throw new UsageException(target + ": cannot be an output");
        }
        if (Files.isDirectory(parent)) removeAbandoned(absolute);
        requireSpace(absolute, bytes);
        Path firstCreated = firstMissing(parent);
        try {
            Files.createDirectories(parent);
        } catch (IOException e) {
            throw new IoException(
                    parent + ": cannot be created: " + reason(e), "Choose another output.", e);
        }
        String name = absolute.getFileName().toString();
        Path stage =
                parent.resolve(
                        "."
                                + name
                                + ".tk-"
                                + ProcessHandle.current().pid()
                                + "-"
                                + COUNTER.incrementAndGet()
                                + ".part");
        installCleaner();
        OPEN.add(stage);
        return new StagedOutput(absolute, List.copyOf(siblings), stage, force, firstCreated);
    }

    /**
     * Refuses an existing {@code target} unless {@code force}, and then a folder that is no
     * model's; what {@link #open} checks first, for dry runs.
     */
    public static void check(Path target, boolean force) {
        if (force) Replaceable.check(target);
        if (!force && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new UsageException(
                    target + ": exists already",
                    "Add --force to replace it, or choose another output.");
        }
    }

    /**
     * Refuses an output whose folder (or the nearest parent that exists) cannot be written to, or
     * has fewer than {@code bytes} bytes free.
     */
    public static void requireSpace(Path output, long bytes) {
        Path existing = nearestFolder(output);
        if (!Files.isDirectory(existing)) {
            throw new IoException(
                    existing + ": is a file, and the output was to lie in it as in a folder",
                    "Choose another output.");
        }
        if (!Files.isWritable(existing)) {
            throw new IoException(
                    existing + ": the folder is not writable", "Choose another output folder.");
        }
        long free = freeSpace(output);
        if (free < bytes) {
            throw new IoException(
                    String.format(
                            Locale.ROOT,
                            "%s: not enough space: %,d bytes needed, %,d free",
                            output,
                            bytes,
                            free),
                    "Free some space or choose an output on another disk.");
        }
    }

    /** Bytes that may still be written where a file or folder is going to be. */
    public static long freeSpace(Path output) {
        Path existing = nearestFolder(output);
        try {
            return Files.getFileStore(existing).getUsableSpace();
        } catch (IOException e) {
            throw new IoException(existing + ": free space cannot be read: " + reason(e), null, e);
        }
    }

    private static Path nearestFolder(Path output) {
        Path absolute = output.toAbsolutePath().normalize();
        Path existing = absolute.getParent();
        while (existing != null && !Files.exists(existing)) existing = existing.getParent();
        return existing == null ? absolute : existing;
    }

    /**
     * Where to write until {@link #commit()}: a path that does not exist yet, for a file or a
     * folder.
     */
    public Path stage() {
        return stage;
    }

    /** Where it will appear. */
    public Path target() {
        return target;
    }

    /** Flushes what was written and moves it into place. */
    public void commit() {
        IOException failure = endFlushing();
        try {
            if (failure != null) throw failure;
            Durable.sync(stage);
            putInPlace();
            Durable.syncFolder(target.getParent());
        } catch (IOException e) {
            throw new IoException(target + ": cannot be put in place: " + reason(e), null, e);
        }
        done = true;
    }

    /** An interruption finds it not in place, or wholly so. */
    private void putInPlace() throws IOException {
        MOVING.lock();
        try {
            if (!siblings.isEmpty()) moveSiblings();
            else if (force && Files.exists(target, LinkOption.NOFOLLOW_LINKS)) replace();
            else if (Files.isDirectory(stage))
                Files.move(stage, target, StandardCopyOption.ATOMIC_MOVE);
            else moveFile();
            OPEN.remove(stage);
        } finally {
            MOVING.unlock();
        }
    }

    private void moveSiblings() throws IOException {
        for (Path sibling : siblings) check(sibling, force);
        for (Path sibling : siblings.reversed()) {
            Files.move(
                    stage.resolve(sibling.getFileName()), sibling, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.delete(stage);
    }

    private void moveFile() throws IOException {
        check(target, force);
        Files.move(stage, target, StandardCopyOption.ATOMIC_MOVE);
    }

    /** A folder cannot be renamed over another, so the old one steps aside first. */
    private void replace() throws IOException {
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(stage)) {
            Files.move(stage, target, StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        Path aside =
                stage.resolveSibling(stage.getFileName().toString().replace(".part", ".old.part"));
        OPEN.add(aside);
        Files.move(target, aside, StandardCopyOption.ATOMIC_MOVE);
        try {
            Files.move(stage, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
            OPEN.remove(aside);
            throw e;
        }
        delete(aside);
        OPEN.remove(aside);
    }

    /**
     * Brings what is staged onto the disk from now on, while it is written, read back and checked:
     * {@link #commit} then has little to wait for.
     */
    public void flush() {
        flush = EarlyFlush.of(stage);
    }

    private @Nullable IOException endFlushing() {
        return flush == null ? null : flush.end();
    }

    /** Removes what was not committed. */
    @Override
    public void close() {
        if (done) return;
        done = true;
        endFlushing();
        delete(stage);
        OPEN.remove(stage);
        removeCreatedFolders();
    }

    private void removeCreatedFolders() {
        if (createdParent == null) return;
        Path folder = target.getParent();
        while (folder != null && folder.startsWith(createdParent)) {
            try {
                Files.deleteIfExists(folder);
            } catch (IOException notEmpty) {
                return;
            }
            folder = folder.getParent();
        }
    }

    private static @Nullable Path firstMissing(Path folder) {
        Path missing = null;
        for (Path p = folder; p != null && !Files.exists(p); p = p.getParent()) missing = p;
        return missing;
    }

    private static void removeAbandoned(Path target) {
        Pattern part =
                Pattern.compile(
                        Pattern.quote("." + target.getFileName())
                                + "\\.tk-(\\d{1,18})-\\d+(\\.old)?\\.part");
        try (Stream<Path> siblings = Files.list(target.getParent())) {
            for (Path sibling : siblings.toList()) {
                Matcher m = part.matcher(sibling.getFileName().toString());
                if (m.matches() && ProcessHandle.of(Long.parseLong(m.group(1))).isEmpty())
                    delete(sibling);
            }
        } catch (IOException e) {
            throw new IoException(target.getParent() + ": cannot be listed: " + reason(e), null, e);
        }
    }

    private static synchronized void installCleaner() {
        if (cleaner != null) return;
        Thread hook = new Thread(StagedOutput::cleanUp, "tk-cleanup");
        Runtime.getRuntime().addShutdownHook(hook);
        cleaner = hook;
    }

    /** Keeps the lock: whoever would put an output in place now waits until the JVM is gone. */
    private static void cleanUp() {
        MOVING.lock();
        OPEN.forEach(StagedOutput::delete);
    }

    private static void delete(Path path) {
        try {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) return;
            Files.walkFileTree(
                    path,
                    new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                                throws IOException {
                            Files.delete(file);
                            return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(
                                Path folder, @Nullable IOException e) throws IOException {
                            Files.delete(folder);
                            return FileVisitResult.CONTINUE;
                        }
                    });
        } catch (IOException e) {
            throw new IoException(
                    path + ": cannot be removed: " + reason(e), "Remove it by hand.", e);
        }
    }

    private static String reason(IOException e) {
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
    }
}
