package tk.checkpoint;

import org.jspecify.annotations.Nullable;

import tk.error.IoException;
import tk.error.TkException;
import tk.tensor.FileRegion;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;

/**
 * Carries out a {@link WritePlan}: the one place where tensors' bytes move.
 *
 * <p>Every offset is known beforehand, so threads take runs of rows from one list and each writes
 * its own where it belongs. The bytes written do not depend on the number of threads; memory is
 * threads × chunk, whatever the model's size.
 */
public final class PlanWriter {
    /**
     * Bytes of output a thread produces at a time; small enough for a core's cache, large enough to
     * write well.
     */
    private static final long CHUNK = 1 << 20;

    private final int threads;
    private final Progress progress;

    /** A writer on {@code threads} threads. */
    public PlanWriter(int threads, Progress progress) {
        if (threads < 1) throw new IllegalArgumentException("threads " + threads);
        this.threads = threads;
        this.progress = progress;
    }

    /**
     * Writes the plan's files and puts them in place together.
     *
     * @param force whether an existing target is replaced
     * @throws TkException where a tensor cannot be read or the target cannot be written; nothing is
     *     left behind
     */
    public Artifact write(WritePlan plan, boolean force) {
        List<Path> files = plan.files().stream().map(plan::path).toList();
        boolean siblings = plan.layout() == WritePlan.Layout.SIBLINGS;
        try (StagedOutput output =
                siblings
                        ? StagedOutput.open(plan.target(), files, plan.bytes(), force)
                        : StagedOutput.open(plan.target(), plan.bytes(), force)) {
            writeTo(plan, output.stage());
            output.commit();
        }
        return new Artifact(siblings ? files.getFirst() : plan.target(), files, plan.bytes());
    }

    /**
     * Writes the plan's files at {@code stage} (a file, or a folder where the plan is not for one
     * file) without renaming anything.
     */
    public void writeTo(WritePlan plan, Path stage) {
        progress.stage("writing " + plan.target().getFileName(), plan.bytes());
        for (PlannedFile file : plan.files()) {
            boolean single = plan.layout() == WritePlan.Layout.FILE;
            Path path = single ? stage : stage.resolve(file.path());
            try {
                if (path.getParent() != null) Files.createDirectories(path.getParent());
                writeFile(file, path);
            } catch (IOException | UncheckedIOException e) {
                throw new IoException(path + ": cannot be written: " + e.getMessage(), null, e);
            }
        }
    }

    private void writeFile(PlannedFile file, Path path) throws IOException {
        List<WriteTask> tasks = new ArrayList<>();
        @Nullable Checksums checksums = checksums(file);
        try (FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long offset = 0;
            int valuesIndex = 0;
            for (PlannedFile.Segment segment : file.segments()) {
                switch (segment) {
                    case PlannedFile.Literal literal ->
                            tasks.add(new WriteTask.Literal(literal.bytes(), offset));
                    case PlannedFile.Values values -> {
                        Optional<FileRegion> stored = values.tensor().stored();
                        if (stored.isPresent() && checksums == null) {
                            addCopies(tasks, stored.get(), offset);
                        } else {
                            boolean whole = checksums != null;
                            addStreams(tasks, values.tensor(), valuesIndex, offset, whole);
                        }
                        valuesIndex++;
                    }
                    case PlannedFile.Checksummed late ->
                            tasks.add(new WriteTask.Reserved(late, offset));
                }
                offset += segment.length();
            }
            run(WriteTask.gathered(tasks), channel, checksums);
            if (checksums == null) return;
            for (WriteTask.Reserved late : checksums.waiting()) {
                writeFully(channel, ByteBuffer.wrap(checksums.bytes(late)), late.offset());
                progress.advance(late.length());
            }
        }
    }

    /** Where a file wants none, there are none. */
    private static @Nullable Checksums checksums(PlannedFile file) {
        boolean wanted =
                file.segments().stream().anyMatch(PlannedFile.Checksummed.class::isInstance);
        return wanted ? new Checksums(file.tensors().size()) : null;
    }

    /**
     * Continues the last copy where this one does so in both files: small tensors add up. Parts end
     * where a chunk of the file does, so that each is written to pages of its own.
     */
    private static void addCopies(List<WriteTask> tasks, FileRegion region, long offset) {
        FileRegion rest = region;
        long at = offset;
        if (!tasks.isEmpty()
                && tasks.getLast() instanceof WriteTask.Copy(FileRegion last, long start)
                && last.file() == region.file()
                && last.offset() + last.length() == region.offset()
                && start + last.length() == offset) {
            tasks.removeLast();
            rest = new FileRegion(last.file(), last.offset(), last.length() + region.length());
            at = start;
        }
        for (long done = 0; done < rest.length(); ) {
            long length = Math.min(CHUNK - (at + done) % CHUNK, rest.length() - done);
            FileRegion part = new FileRegion(rest.file(), rest.offset() + done, length);
            tasks.add(new WriteTask.Copy(part, at + done));
            done += length;
        }
    }

    /**
     * Splits a tensor into runs of pieces; a tensor whose checksum is wanted stays whole, and
     * streams within its task.
     */
    private static void addStreams(
            List<WriteTask> tasks, Tensor tensor, int valuesIndex, long offset, boolean whole) {
        Pieces pieces = Pieces.of(tensor);
        long step = whole ? Math.max(1, pieces.count()) : pieces.fitting(CHUNK);
        for (long first = 0; first < pieces.count(); first += step) {
            long count = Math.min(step, pieces.count() - first);
            long at = offset + first * pieces.bytes();
            tasks.add(new WriteTask.Stream(pieces, valuesIndex, first, count, at));
        }
    }

    private void run(List<WriteTask> tasks, FileChannel channel, @Nullable Checksums checksums) {
        AtomicInteger next = new AtomicInteger();
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Runnable worker =
                () -> {
                    try {
                        for (int i = next.getAndIncrement();
                                i < tasks.size() && failure.get() == null;
                                i = next.getAndIncrement()) {
                            carryOut(tasks.get(i), channel, checksums);
                        }
                    } catch (Throwable t) {
                        failure.compareAndSet(null, t);
                    }
                };
        List<Thread> helpers = new ArrayList<>();
        for (int i = 1; i < Math.min(threads, tasks.size()); i++) {
            helpers.add(Thread.ofPlatform().name("tk-writer-" + i).daemon().start(worker));
        }
        worker.run();
        for (Thread helper : helpers) Joining.join(helper);
        switch (failure.get()) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    private void carryOut(WriteTask task, FileChannel channel, @Nullable Checksums checksums) {
        try {
            switch (task) {
                case WriteTask.Copy copy -> copy(copy, channel);
                case WriteTask.Literal(byte[] bytes, long offset) -> {
                    writeFully(channel, ByteBuffer.wrap(bytes), offset);
                    progress.advance(bytes.length);
                }
                case WriteTask.Reserved late -> Objects.requireNonNull(checksums).await(late);
                case WriteTask.Stream stream -> stream(stream, channel, checksums);
                case WriteTask.Gather gather -> gather(gather, channel, checksums);
            }
        } catch (IOException e) {
            throw new IoException("cannot write: " + e.getMessage(), "Is the disk full?", e);
        }
    }

    /**
     * Through memory: within the system, a copy between places that lie unlike in their pages takes
     * half as long again.
     */
    private void copy(WriteTask.Copy copy, FileChannel channel) throws IOException {
        long length = copy.length();
        try (Scratch scratch = Scratch.forCopying(length, copy.from().offset(), copy.offset())) {
            WriteTask.fill(copy, scratch.segment());
            writeFully(channel, scratch.segment().asByteBuffer(), copy.offset());
            progress.advance(length);
        }
    }

    private void gather(WriteTask.Gather gather, FileChannel channel, @Nullable Checksums checksums)
            throws IOException {
        try (Scratch scratch = Scratch.forWriting(gather.length(), gather.offset())) {
            GatheredBytes bytes = new GatheredBytes(gather, scratch.segment());
            bytes.fill();
            long done = checksums == null ? gather.length() : bytes.seal(checksums);
            writeFully(channel, scratch.segment().asByteBuffer(), gather.offset());
            progress.advance(done);
        }
    }

    /**
     * Reads a task's pieces and writes them; they are a whole tensor where checksums are wanted.
     */
    private void stream(WriteTask.Stream task, FileChannel channel, @Nullable Checksums checksums)
            throws IOException {
        Pieces pieces = task.pieces();
        long step = Math.min(task.count(), pieces.fitting(CHUNK));
        CRC32 crc = new CRC32();
        try (Scratch scratch = Scratch.forWriting(step * pieces.bytes(), task.offset())) {
            for (long done = 0; done < task.count(); done += step) {
                long count = Math.min(step, task.count() - done);
                MemorySegment bytes = scratch.segment().asSlice(0, count * pieces.bytes());
                pieces.read(task.first() + done, count, bytes);
                ByteBuffer buffer = bytes.asByteBuffer();
                if (checksums != null) crc.update(buffer.duplicate());
                writeFully(channel, buffer, task.offset() + done * pieces.bytes());
                progress.advance(bytes.byteSize());
            }
        }
        if (checksums != null) checksums.set(task.valuesIndex(), (int) crc.getValue());
    }

    /**
     * One thread at a time: the system would let no second one write to the file, and have it burn
     * the processor's time while it waits.
     */
    private static void writeFully(FileChannel channel, ByteBuffer buffer, long offset)
            throws IOException {
        long at = offset;
        synchronized (channel) {
            while (buffer.hasRemaining()) at += channel.write(buffer, at);
        }
    }
}
