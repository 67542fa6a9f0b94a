package tk.modelfile.store;

import tk.checkpoint.Sha256;
import tk.error.IoException;
import tk.error.VerificationException;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;

/**
 * Puts blobs and manifests into a store, each whole or not at all.
 *
 * <p>A blob that is there already is hashed again, which Ollama would not do, and replaced where it
 * is damaged. Nothing is ever deleted but temporary files of tk's own.
 */
final class StoreWriter {
    private final OllamaStore store;

    StoreWriter(OllamaStore store) {
        this.store = store;
        Path probe = store.root();
        try {
            Files.createDirectories(store.blobs());
        } catch (IOException e) {
            throw unwritable(probe, e);
        }
        if (!Files.isWritable(store.blobs())) {
            throw unwritable(store.blobs(), new IOException("not writable"));
        }
    }

    /** Puts bytes in; gives their hash. */
    String blob(byte[] bytes) {
        String sha256 = Sha256.of(bytes);
        if (isThere(sha256)) return sha256;
        Path target = store.blob(sha256);
        place(target, "rw-r--r--", temporary -> Files.write(temporary, bytes));
        return sha256;
    }

    /**
     * Puts a file in: as a hard link where the file system can, else as a copy.
     *
     * @param sha256 what its bytes must hash to
     * @throws VerificationException where they do not
     */
    void blob(Path file, String sha256) {
        if (isThere(sha256)) return;
        Path target = store.blob(sha256);
        // A linked file must not be edited in place: the store would serve the edit.
        place(
                target,
                linked(file) ? "r--r--r--" : "rw-r--r--",
                temporary -> {
                    if (!link(file, temporary)) copy(file, temporary);
                });
        String found = Sha256.of(target);
        if (!found.equals(sha256)) {
            remove(target);
            throw new VerificationException(
                    "%s: changed after it was verified: sha256 %s, expected %s"
                            .formatted(file, found, sha256),
                    "Nothing else may write there; run the command again.");
        }
    }

    /** Makes a name stand for a manifest; the last step, after all of its blobs. */
    void manifest(ModelName name, byte[] bytes) {
        Path linked = store.root().resolve(OllamaStore.MANIFESTS_V2).resolve(name.path());
        Path plain = store.root().resolve(OllamaStore.MANIFESTS).resolve(name.path());
        if (!Files.exists(linked, LinkOption.NOFOLLOW_LINKS)) {
            place(plain, "rw-r--r--", temporary -> Files.write(temporary, bytes));
            return;
        }
        // A newer Ollama reads this one first.
        Path blob = store.blob(blob(bytes));
        Path folder = linked.toAbsolutePath().getParent();
        if (folder == null) throw new IllegalStateException("no folder: " + linked);
        place(
                linked,
                "",
                temporary ->
                        Files.createSymbolicLink(
                                temporary, folder.relativize(blob.toAbsolutePath())));
    }

    private boolean isThere(String sha256) {
        Path blob = store.blob(sha256);
        return Files.isRegularFile(blob) && Sha256.of(blob).equals(sha256);
    }

    /** What fills a file that does not exist yet. */
    @FunctionalInterface
    private interface Filling {
        void fill(Path temporary) throws IOException;
    }

    private void place(Path target, String permissions, Filling filling) {
        Path folder = target.toAbsolutePath().getParent();
        if (folder == null) throw new IllegalStateException("no folder: " + target);
        // Ollama removes files of other names from its folder of blobs when it starts.
        Path temporary =
                folder.resolve(".tk-" + ProcessHandle.current().pid() + "-" + System.nanoTime());
        try {
            Files.createDirectories(folder);
            filling.fill(temporary);
            if (!permissions.isEmpty()) {
                permit(temporary, permissions);
                Files.setLastModifiedTime(temporary, FileTime.from(Instant.now()));
                sync(temporary);
            }
            Files.move(
                    temporary,
                    target,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            syncFolder(folder);
        } catch (IOException e) {
            remove(temporary);
            throw unwritable(target, e);
        }
    }

    private boolean linked(Path file) {
        try {
            return Files.getFileStore(file).equals(Files.getFileStore(store.blobs()));
        } catch (IOException unknown) {
            return false;
        }
    }

    private static boolean link(Path file, Path temporary) {
        try {
            Files.createLink(temporary, file.toRealPath());
            return true;
        } catch (IOException | UnsupportedOperationException elsewhere) {
            return false;
        }
    }

    private static void copy(Path file, Path temporary) throws IOException {
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = Files.newOutputStream(temporary)) {
            in.transferTo(out);
        }
    }

    private static void permit(Path file, String permissions) throws IOException {
        try {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        } catch (UnsupportedOperationException otherSystem) {
            // Windows: what a file inherits from its folder is right.
        } catch (FileSystemException notOwner) {
            if (!Files.isReadable(file)) throw notOwner;
        }
    }

    private static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (FileSystemException readOnly) {
            // Windows flushes through a writable handle only; a read-only blob is a link to a
            // flushed file.
        }
    }

    private static void syncFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupported) {
            // Nothing is lost but the guarantee against a power cut within the next seconds.
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be removed: " + e.getMessage(), null, e);
        }
    }

    private static IoException unwritable(Path path, IOException e) {
        return new IoException(
                "%s: cannot be written: %s".formatted(path, e.getMessage()),
                "Set OLLAMA_MODELS to a store that is yours, or let Ollama's service take the package: ollama create NAME -f DIR/Modelfile.",
                e);
    }
}
