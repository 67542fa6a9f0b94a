package tk.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.PlannedFile.Literal;
import tk.checkpoint.PlannedFile.Values;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.tensor.DType;
import tk.tensor.FileRegion;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.SourceFile;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32;

class PlanWriterTest {
    @TempDir Path folder;

    /** Counts upwards: value i of the tensor is i. */
    private record Counting(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            long columns = info.shape().columns();
            for (long i = 0; i < count * columns; i++) {
                into.set(Scalars.LE_INT, i * 4, (int) (first * columns + i));
            }
        }
    }

    private record Broken(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            throw new MalformedException("broken on purpose");
        }
    }

    private static WritePlan plan(Path target, long rows, long columns) {
        Tensor tensor = new Counting(new TensorInfo("t", DType.I32, new Shape(rows, columns)));
        return WritePlan.file(
                target,
                List.of(
                        new Literal(new byte[] {1, 2, 3, 4}),
                        new Values(tensor),
                        new Literal(new byte[] {5})));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void writesTheSameBytesOnAnyNumberOfThreads(int threads) throws IOException {
        Path target = folder.resolve("out.bin");
        Artifact artifact =
                new PlanWriter(threads, Progress.NONE).write(plan(target, 1000, 777), false);
        byte[] bytes = Files.readAllBytes(target);
        assertThat(artifact.bytes()).isEqualTo(bytes.length).isEqualTo(5 + 4 * 777_000);
        MemorySegment values = MemorySegment.ofArray(bytes);
        for (int i = 0; i < 777_000; i++)
            assertThat(values.get(Scalars.LE_INT, 4 + 4L * i)).isEqualTo(i);
        assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 5);
    }

    @Test
    void refusesAnExistingTargetUnlessForced() throws IOException {
        Path target = Files.writeString(folder.resolve("out.bin"), "precious");
        PlanWriter writer = new PlanWriter(1, Progress.NONE);
        assertThatThrownBy(() -> writer.write(plan(target, 2, 2), false))
                .isInstanceOf(UsageException.class);
        assertThat(target).hasContent("precious");
        writer.write(plan(target, 2, 2), true);
        assertThat(target).hasSize(21);
    }

    @Test
    void leavesNothingBehindWhereATensorCannotBeRead() throws IOException {
        Path target = folder.resolve("new/deep/out.bin");
        Tensor broken = new Broken(new TensorInfo("t", DType.I32, new Shape(1 << 12, 1 << 10)));
        WritePlan plan = WritePlan.file(target, List.of(new Values(broken)));
        assertThatThrownBy(() -> new PlanWriter(2, Progress.NONE).write(plan, false))
                .isInstanceOf(MalformedException.class);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void removesWhatAKilledProcessLeft() throws IOException {
        Path abandoned = Files.writeString(folder.resolve(".out.bin.tk-999999999-1.part"), "half");
        Path foreign =
                Files.writeString(
                        folder.resolve(".other.bin.tk-999999999-1.part"), "not ours to judge");
        new PlanWriter(1, Progress.NONE).write(plan(folder.resolve("out.bin"), 2, 2), false);
        assertThat(abandoned).doesNotExist();
        assertThat(foreign).exists();
    }

    @Test
    void checksFreeSpaceBeforeWriting() {
        assertThatThrownBy(
                        () -> StagedOutput.open(folder.resolve("out.bin"), Long.MAX_VALUE, false))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("not enough space");
    }

    @Test
    void checksumsTensorsForSegmentsThatNeedIt() throws IOException {
        Path target = folder.resolve("crc.bin");
        Tensor tensor = new Counting(new TensorInfo("t", DType.I32, new Shape(3000, 1000)));
        WritePlan plan =
                WritePlan.file(
                        target,
                        List.of(
                                new Values(tensor),
                                new PlannedFile.Checksummed(
                                        4,
                                        0,
                                        1,
                                        crcs ->
                                                ByteBuffer.allocate(4)
                                                        .putInt(crcs.applyAsInt(0))
                                                        .array())));
        new PlanWriter(2, Progress.NONE).write(plan, false);
        byte[] bytes = Files.readAllBytes(target);
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, bytes.length - 4);
        assertThat(ByteBuffer.wrap(bytes, bytes.length - 4, 4).getInt())
                .isEqualTo((int) crc.getValue());
    }

    /** Small ones and their checksums are gathered; what waits for a tensor elsewhere is not. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void putsEachChecksumWhereItBelongs(int threads) throws IOException {
        int tensors = 300;
        List<PlannedFile.Segment> segments = new ArrayList<>();
        for (int i = 0; i < tensors; i++) {
            long rows = i % 100 == 50 ? 300_000 : i % 7;
            segments.add(checksums(i, 1));
            segments.add(checksums((i + tensors / 2) % tensors, 1));
            segments.add(
                    new Values(
                            new Counting(new TensorInfo("t" + i, DType.I32, new Shape(rows, 3)))));
        }
        segments.add(checksums(0, tensors));
        Path target = folder.resolve("crc.bin");
        new PlanWriter(threads, Progress.NONE).write(WritePlan.file(target, segments), false);

        ByteBuffer written = ByteBuffer.wrap(Files.readAllBytes(target));
        int[] stated = new int[tensors];
        int[] elsewhere = new int[tensors];
        for (int i = 0; i < tensors; i++) {
            stated[i] = written.getInt();
            elsewhere[(i + tensors / 2) % tensors] = written.getInt();
            int length = (int) segments.get(3 * i + 2).length();
            CRC32 crc = new CRC32();
            crc.update(written.slice(written.position(), length));
            assertThat(stated[i]).isEqualTo((int) crc.getValue());
            written.position(written.position() + length);
        }
        assertThat(elsewhere).isEqualTo(stated);
        for (int crc : stated) assertThat(written.getInt()).isEqualTo(crc);
        assertThat(written.hasRemaining()).isFalse();
    }

    /** Sources close together are read together; those far apart, or behind, are not. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void gathersTensorsFromWhereverTheyLie(boolean withChecksums) throws IOException {
        byte[] content = new byte[6 << 20];
        new Random(1).nextBytes(content);
        Path source = Files.write(folder.resolve("source.bin"), content);
        long[] offsets = {0, 1000, 1003, 1003, 9000, 8000, 3 << 20, (3 << 20) + 300_000, 5 << 20};
        long[] lengths = {1000, 3, 0, 500, 77, 99, 200_000, 200_000, 1};
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        try (SourceFile file = SourceFile.open(source);
                SourceFile other = SourceFile.open(source)) {
            List<PlannedFile.Segment> segments = new ArrayList<>();
            for (int i = 0; i < 20 * offsets.length; i++) {
                int k = i % offsets.length;
                SourceFile from = i % 50 == 49 ? other : file;
                segments.add(new Values(stored(from, "t" + i, offsets[k], lengths[k])));
                expected.write(content, (int) offsets[k], (int) lengths[k]);
                if (i % 3 == 0) segments.add(new Literal(new byte[] {(byte) i, 1, 2}));
                if (i % 3 == 0) expected.writeBytes(new byte[] {(byte) i, 1, 2});
                if (withChecksums) segments.add(checksums(i, 1));
                CRC32 crc = new CRC32();
                crc.update(content, (int) offsets[k], (int) lengths[k]);
                if (withChecksums)
                    expected.writeBytes(
                            ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
            }
            Path target = folder.resolve("gathered.bin");
            new PlanWriter(2, Progress.NONE).write(WritePlan.file(target, segments), false);
            assertThat(target).hasBinaryContent(expected.toByteArray());
        }
    }

    private static PlannedFile.Checksummed checksums(int first, int count) {
        return new PlannedFile.Checksummed(
                4L * count,
                first,
                count,
                crcs -> {
                    ByteBuffer bytes = ByteBuffer.allocate(4 * count);
                    for (int i = 0; i < count; i++) bytes.putInt(crcs.applyAsInt(first + i));
                    return bytes.array();
                });
    }

    private static Tensor stored(SourceFile file, String name, long offset, long length) {
        return new StoredTensor(
                new TensorInfo(name, DType.U8, new Shape(length)),
                new FileRegion(file, offset, length));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void copiesStoredTensorsWhereverTheyLie(int threads) throws IOException {
        byte[] bytes = new byte[20 << 20];
        new Random(1).nextBytes(bytes);
        Path source = Files.write(folder.resolve("source"), bytes);
        Path target = folder.resolve("target");
        try (SourceFile file = SourceFile.open(source)) {
            List<PlannedFile.Segment> segments =
                    List.of(
                            new Values(stored(file, "b", 5, 9 << 20)),
                            new Values(stored(file, "adjacent", 5 + (9 << 20), 100)),
                            new Values(stored(file, "empty", 7, 0)),
                            new Literal(new byte[] {42}),
                            new Values(stored(file, "apart", 5 + (9 << 20) + 100, 7)),
                            new Values(stored(file, "before", 0, 5)),
                            new Values(stored(file, "again", 0, 5)));
            new PlanWriter(threads, Progress.NONE).write(WritePlan.file(target, segments), false);
        }
        ByteBuffer expected = ByteBuffer.allocate((9 << 20) + 100 + 1 + 7 + 5 + 5);
        expected.put(bytes, 5, (9 << 20) + 100).put((byte) 42);
        expected.put(bytes, 5 + (9 << 20) + 100, 7).put(bytes, 0, 5).put(bytes, 0, 5);
        assertThat(Files.readAllBytes(target)).isEqualTo(expected.array());
    }

    @Test
    void saysSoWhereTheSourceShrinksWhileItIsCopied() throws IOException {
        Path source = Files.write(folder.resolve("source"), new byte[1 << 20]);
        Path target = folder.resolve("target");
        try (SourceFile file = SourceFile.open(source)) {
            WritePlan plan =
                    WritePlan.file(target, List.of(new Values(stored(file, "t", 0, 1 << 20))));
            Files.write(source, new byte[1000]);
            assertThatThrownBy(() -> new PlanWriter(1, Progress.NONE).write(plan, false))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("ends at byte 1000, expected 1048576");
        }
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(source);
        }
    }
}
