package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.torch.Pickle.dict;
import static tk.torch.Samples.floats;
import static tk.torch.Samples.reversed;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlannedFile;
import tk.checkpoint.WritePlan;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.testing.Originals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Every form of file, written by the tests themselves: zip archives and the legacy form. */
class TorchReaderTest {
    @TempDir Path folder;

    private Checkpoint open(byte[] bytes) throws IOException {
        return new TorchReader().open(Files.write(folder.resolve("x.pt"), bytes));
    }

    // ---- zip ----

    @ParameterizedTest
    @ValueSource(strings = {"archive/", "state_dict/", "a b/ğüş/", ""})
    void theFolderInTheArchiveMayHaveAnyName(String name) throws IOException {
        byte[] zip =
                new TestZip()
                        .stored(name + "data.pkl", dict().weight("a.b").stop())
                        .stored(name + "data/0", floats(1, 2, 3, 4))
                        .finish();
        try (Checkpoint checkpoint = open(zip)) {
            assertThat(Samples.bytes(checkpoint.tensors().get("a.b")))
                    .isEqualTo(floats(1, 2, 3, 4));
            assertThat(checkpoint.metadata()).containsEntry("torch.container", "zip");
        }
    }

    @Test
    void aBigEndianArchiveIsSwappedElementByElement() throws IOException {
        byte[] values = Samples.bytes(Samples.random("v", DType.U8, 48));
        Map<String, Integer> units = new LinkedHashMap<>();
        units.put("DoubleStorage", 8);
        units.put("FloatStorage", 4);
        units.put("BFloat16Storage", 2);
        units.put("ByteStorage", 1);
        units.put("ComplexFloatStorage", 4);
        Pickle pickle = dict();
        TestZip zip = new TestZip();
        int key = 0;
        for (Map.Entry<String, Integer> unit : units.entrySet()) {
            int size = unit.getKey().startsWith("Complex") ? 8 : unit.getValue();
            String name = Integer.toString(key++);
            pickle.text(unit.getKey() + ".t")
                    .global("torch._utils", "_rebuild_tensor")
                    .op(Opcode.MARK)
                    .storage(unit.getKey(), name, 48 / size)
                    .integer(0)
                    .integers(48 / size / 2, 2)
                    .integers(2, 1)
                    .op(Opcode.TUPLE)
                    .op(Opcode.REDUCE)
                    .op(Opcode.SETITEM);
            zip.stored("x/data/" + name, reversed(values, unit.getValue()));
        }
        zip.stored("x/data.pkl", pickle.stop());
        zip.stored("x/byteorder", "big".getBytes(StandardCharsets.UTF_8));
        try (Checkpoint checkpoint = open(zip.finish())) {
            assertThat(checkpoint.tensors()).hasSize(units.size());
            for (Tensor tensor : checkpoint.tensors().values()) {
                assertThat(Samples.bytes(tensor)).as(tensor.info().name()).isEqualTo(values);
                assertThat(tensor.stored().isPresent())
                        .isEqualTo(tensor.info().dtype() == DType.U8);
            }
        }
    }

    @Test
    void aPackedPickleIsUnpackedButPackedStoragesAreNot() throws IOException {
        byte[] pickle = dict().weight("a.b").stop();
        byte[] data = floats(1, 2, 3, 4);
        byte[] packedPickle =
                new TestZip().deflated("x/data.pkl", pickle).stored("x/data/0", data).finish();
        try (Checkpoint checkpoint = open(packedPickle)) {
            assertThat(Samples.bytes(checkpoint.tensors().get("a.b"))).isEqualTo(data);
        }
        byte[] packedData =
                new TestZip().stored("x/data.pkl", pickle).deflated("x/data/0", data).finish();
        assertThatThrownBy(() -> open(packedData))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("`x/data/0` is compressed");
    }

    @Test
    void anArchiveOfPackedEntriesIsNamedWhateverIsPackedInIt() {
        byte[] packed =
                new TestZip()
                        .deflated("x/byteorder", "little".getBytes(StandardCharsets.UTF_8))
                        .deflated("x/data.pkl", dict().weight("a.b").stop())
                        .deflated("x/data/0", floats(1, 2, 3, 4))
                        .finish();
        assertThatThrownBy(() -> open(packed))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("`x/data/0` is compressed");
    }

    /** As a shard of torch.distributed.checkpoint is, where all offsets happen to fit the first. */
    @Test
    void theLastOfSeveralArchivesIsNotTakenForTheFirst() {
        byte[] one = TestZip.checkpoint(dict().weight("a.b").stop());
        byte[] other = TestZip.checkpoint(dict().weight("c.d").stop());
        byte[] both = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, both, one.length, other.length);
        assertThatThrownBy(() -> open(both))
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> assertThat(e.hint()).contains("Several archives in one file"))
                .hasMessageContaining(
                        "ends at byte %d, but the archive at byte %d"
                                .formatted(one.length - 22, both.length - 22));
    }

    @Test
    void bytesAfterAnArchiveAreCountedAndNotTakenForATruncatedOne() {
        byte[] archive = TestZip.checkpoint(dict().weight("a.b").stop());
        assertThatThrownBy(() -> open(Arrays.copyOf(archive, archive.length + 100)))
                .isInstanceOfSatisfying(
                        MalformedException.class,
                        e -> assertThat(e.hint()).contains("truncate -s " + archive.length))
                .hasMessageContaining(
                        "ends at byte %d, and 100 bytes after it".formatted(archive.length));
    }

    @Test
    void namesOtherZipArchives() {
        byte[] script =
                new TestZip()
                        .stored("m/data.pkl", dict().weight("a.b").stop())
                        .stored("m/constants.pkl", new byte[4])
                        .stored("m/code/x.py", new byte[4])
                        .finish();
        assertThatThrownBy(() -> open(script))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("TorchScript");
        byte[] other = new TestZip().stored("word/document.xml", new byte[9]).finish();
        assertThatThrownBy(() -> open(other))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("word/document.xml");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n",
                "<!DOCTYPE html><html><body>Log in</body></html>",
                "these are my weights",
                "",
            })
    void namesWhatIsNoCheckpoint(String text) {
        assertThatThrownBy(() -> open(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(
                        TkException.class,
                        e -> {
                            assertThat(e.exit()).isEqualTo(3);
                            assertThat(e.hint()).isNotBlank();
                        });
        assertThatThrownBy(() -> new TorchReader().open(folder.resolve("missing.pt")))
                .isInstanceOf(IoException.class);
    }

    /** Writes a plan's literal parts; tensors' bytes stay holes in a sparse file. */
    private static void writeSparsely(WritePlan plan) throws IOException {
        PlannedFile file = plan.files().getFirst();
        try (FileChannel out =
                FileChannel.open(
                        plan.target(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            long at = 0;
            for (PlannedFile.Segment segment : file.segments()) {
                byte[] bytes =
                        switch (segment) {
                            case PlannedFile.Literal literal -> literal.bytes();
                            case PlannedFile.Checksummed late -> late.make().apply(tensor -> 0);
                            case PlannedFile.Values values -> new byte[0];
                        };
                out.write(ByteBuffer.wrap(bytes), at);
                at += segment.length();
            }
        }
    }

    private record Zeros(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            into.fill((byte) 0);
        }
    }

    private Path writeLargeFile() throws IOException {
        Tensor small = new Zeros(new TensorInfo("small", DType.F32, new Shape(2, 2)));
        Tensor large = new Zeros(new TensorInfo("large", DType.F32, new Shape(1 << 16, 1 << 15)));
        Tensor last = new Zeros(new TensorInfo("last", DType.F16, new Shape(3)));
        Path file = folder.resolve("large.pt");
        writeSparsely(TorchWriter.plan(Samples.checkpoint(small, large, last), file));
        return file;
    }

    @Test
    void readsAndWritesArchivesBeyondFourGigabytes() throws IOException {
        try (Checkpoint checkpoint = new TorchReader().open(writeLargeFile())) {
            assertThat(checkpoint.tensors().get("large").info().byteSize()).isEqualTo(1L << 33);
            Tensor last = checkpoint.tensors().get("last");
            assertThat(last.stored().orElseThrow().offset()).isGreaterThan(1L << 33);
            assertThat(Samples.bytes(last)).containsOnly(0);
        }
    }

    @Test
    @Tag("interop")
    void torchReadsArchivesBeyondFourGigabytes() throws IOException, InterruptedException {
        Path file = writeLargeFile();
        Path script =
                Files.writeString(
                        folder.resolve("load.py"),
                        """
                        import sys, torch
                        d = torch.load(sys.argv[1], weights_only=True, mmap=True)
                        print({k: tuple(v.shape) for k, v in d.items()}, float(d['large'][-1, -1]))
                        """);
        assertThat(Originals.run(Originals.python(), script, file))
                .contains("{'small': (2, 2), 'large': (65536, 32768), 'last': (3,)} 0.0");
    }

    @Test
    void aFileThatShrinksWhileItIsReadGivesAnError() throws IOException {
        Path file = folder.resolve("shrinking.pt");
        Samples.write(Samples.checkpoint(Samples.random("a.b", DType.F32, 1 << 16)), file);
        try (Checkpoint checkpoint = new TorchReader().open(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(1 << 12);
            }
            assertThatThrownBy(() -> Samples.bytes(checkpoint.tensors().get("a.b")))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("shrank");
        }
    }

    // ---- legacy and tar ----

    @Test
    void readsTheLegacyFormWithViewsOfStorages() throws IOException {
        Pickle object =
                dict().weight("a.whole")
                        .text("a.view")
                        .global("torch._utils", "_rebuild_tensor")
                        .op(Opcode.MARK)
                        .op(Opcode.MARK)
                        .text("storage")
                        .global("torch.cuda", "FloatStorage")
                        .text("0")
                        .text("cuda:0")
                        .integer(4)
                        .op(Opcode.MARK)
                        .text("view")
                        .integer(1)
                        .integer(3)
                        .op(Opcode.TUPLE)
                        .op(Opcode.TUPLE)
                        .op(Opcode.BINPERSID)
                        .integer(1)
                        .integers(2)
                        .integers(1)
                        .op(Opcode.TUPLE)
                        .op(Opcode.REDUCE)
                        .op(Opcode.SETITEM);
        byte[] keys = Pickle.protocol(2).op(Opcode.EMPTY_LIST).text("0").op(Opcode.APPEND).stop();
        byte[] count = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(4).array();
        byte[] file = HostileContainers.legacy(object.stop(), keys, count, floats(1, 2, 3, 4));
        try (Checkpoint checkpoint = open(file)) {
            assertThat(checkpoint.metadata()).containsEntry("torch.container", "legacy");
            assertThat(Samples.bytes(checkpoint.tensors().get("a.view"))).isEqualTo(floats(3, 4));
            assertThat(Samples.bytes(checkpoint.tensors().get("a.whole")))
                    .isEqualTo(floats(1, 2, 3, 4));
        }
    }
}
