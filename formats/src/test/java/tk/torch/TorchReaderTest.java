package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import tk.tensor.StoredTensor;
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
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Every form of file, written by the tests themselves. */
class TorchReaderTest {
    @TempDir Path folder;

    private Checkpoint open(byte[] bytes) throws IOException {
        return new TorchReader().open(Files.write(folder.resolve("x.pt"), bytes));
    }

    private static byte[] floats(float... values) {
        ByteBuffer out = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) out.putFloat(value);
        return out.array();
    }

    private static byte[] reversed(byte[] bytes, int unit) {
        byte[] out = bytes.clone();
        for (int i = 0; i < out.length; i++) out[i] = bytes[i - i % unit + unit - 1 - i % unit];
        return out;
    }

    private static Pickle dict() {
        return Pickle.protocol(2).op(Opcode.EMPTY_DICT);
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
                            case PlannedFile.Checksummed late ->
                                    late.make().apply(Collections.nCopies(100_000, 0));
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

    // ---- what pickles hold ----

    private static byte[] zip(Pickle pickle) {
        return new TestZip()
                .stored("x/data.pkl", pickle.stop())
                .stored("x/data/0", floats(1, 2, 3, 4))
                .finish();
    }

    @Test
    void readsDictsOfManyKinds() throws IOException {
        Pickle pickle =
                Pickle.protocol(2)
                        .global("collections", "OrderedDict")
                        .op(Opcode.EMPTY_LIST)
                        .op(Opcode.EMPTY_LIST)
                        .text("py2.weight")
                        .op(Opcode.APPEND)
                        .tensor("0", 4, 0, new int[] {2, 2}, new int[] {2, 1})
                        .op(Opcode.APPEND)
                        .op(Opcode.APPEND)
                        .op(Opcode.TUPLE1)
                        .op(Opcode.REDUCE)
                        .text("default")
                        .global("collections", "defaultdict")
                        .global("__builtin__", "list")
                        .op(Opcode.TUPLE1)
                        .op(Opcode.REDUCE)
                        .weight("x")
                        .op(Opcode.SETITEM)
                        .op(Opcode.EMPTY_DICT)
                        .text("_metadata")
                        .op(Opcode.EMPTY_DICT)
                        .op(Opcode.SETITEM)
                        .op(Opcode.BUILD);
        try (Checkpoint checkpoint = open(zip(pickle))) {
            assertThat(checkpoint.tensors().keySet()).containsExactly("py2.weight", "default.x");
        }
    }

    @Test
    void readsTensorsWithAttributesOfTheirOwn() throws IOException {
        Pickle pickle =
                dict().text("a.b")
                        .global("torch._tensor", "_rebuild_from_type_v2")
                        .op(Opcode.MARK)
                        .global("torch._utils", "_rebuild_tensor")
                        .global("torch", "Tensor")
                        .op(Opcode.MARK)
                        .storage("FloatStorage", "0", 4)
                        .integer(1)
                        .integers(2)
                        .integers(2)
                        .op(Opcode.TUPLE)
                        .op(Opcode.EMPTY_DICT)
                        .text("sequence_parallel")
                        .op(Opcode.NEWTRUE)
                        .op(Opcode.SETITEM)
                        .op(Opcode.TUPLE)
                        .op(Opcode.REDUCE)
                        .op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(zip(pickle))) {
            assertThat(Samples.bytes(checkpoint.tensors().get("a.b"))).isEqualTo(floats(2, 4));
        }
    }

    private static Pickle numpyArray(Pickle pickle, byte[] bytes, String order, boolean fortran) {
        pickle.global("numpy.core.multiarray", "_reconstruct")
                .op(Opcode.MARK)
                .global("numpy", "ndarray")
                .integers(0)
                .op(Opcode.SHORT_BINBYTES, 1, 'b')
                .op(Opcode.TUPLE)
                .op(Opcode.REDUCE)
                .op(Opcode.MARK)
                .integer(1)
                .integers(2, bytes.length / 8)
                .global("numpy", "dtype")
                .op(Opcode.MARK)
                .text("f4")
                .op(Opcode.NEWFALSE)
                .op(Opcode.NEWTRUE)
                .op(Opcode.TUPLE)
                .op(Opcode.REDUCE)
                .op(Opcode.MARK)
                .integer(3)
                .text(order)
                .op(Opcode.NONE)
                .op(Opcode.NONE)
                .op(Opcode.NONE)
                .integer(-1)
                .integer(-1)
                .integer(0)
                .op(Opcode.TUPLE)
                .op(Opcode.BUILD)
                .op(fortran ? Opcode.NEWTRUE : Opcode.NEWFALSE)
                .op(Opcode.BINBYTES)
                .u32(bytes.length)
                .raw(bytes);
        return pickle.op(Opcode.TUPLE).op(Opcode.BUILD);
    }

    @Test
    void readsNumpyArraysInEveryOrder() throws IOException {
        byte[] large = Samples.bytes(Samples.random("n", DType.F32, 2, 4000));
        Pickle pickle = Pickle.protocol(3).op(Opcode.EMPTY_DICT);
        numpyArray(pickle.text("plain.w"), floats(1, 2, 3, 4, 5, 6), "<", false).op(Opcode.SETITEM);
        numpyArray(pickle.text("big.w"), reversed(floats(1, 2, 3, 4), 4), ">", false)
                .op(Opcode.SETITEM);
        numpyArray(pickle.text("fortran.w"), floats(1, 2, 3, 4, 5, 6), "<", true)
                .op(Opcode.SETITEM);
        numpyArray(pickle.text("large.w"), large, "<", false).op(Opcode.SETITEM);
        numpyArray(pickle.text("large.big.w"), reversed(large, 4), ">", false).op(Opcode.SETITEM);
        for (byte[] file : new byte[][] {zip(pickle), pickle.bytes()}) {
            try (Checkpoint checkpoint = open(file)) {
                Map<String, Tensor> tensors = checkpoint.tensors();
                assertThat(Samples.bytes(tensors.get("plain.w")))
                        .isEqualTo(floats(1, 2, 3, 4, 5, 6));
                assertThat(Samples.bytes(tensors.get("big.w"))).isEqualTo(floats(1, 2, 3, 4));
                assertThat(Samples.bytes(tensors.get("fortran.w")))
                        .isEqualTo(floats(1, 3, 5, 2, 4, 6));
                assertThat(Samples.bytes(tensors.get("large.w"))).isEqualTo(large);
                assertThat(Samples.bytes(tensors.get("large.big.w"))).isEqualTo(large);
                assertThat(tensors.get("large.w")).isInstanceOf(StoredTensor.class);
            }
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

    @Test
    void expandsARepeatedElementButNotWithoutBound() throws IOException {
        byte[] modest =
                zip(
                        dict().text("a.b")
                                .tensor("0", 4, 1, new int[] {3, 5}, new int[] {0, 0})
                                .op(Opcode.SETITEM));
        try (Checkpoint checkpoint = open(modest)) {
            assertThat(Samples.bytes(checkpoint.tensors().get("a.b"))).hasSize(60);
        }
        byte[] endless =
                zip(
                        dict().text("a.b")
                                .tensor("0", 4, 1, new int[] {1 << 30, 1 << 20}, new int[] {0, 0})
                                .op(Opcode.SETITEM));
        try (Checkpoint checkpoint = open(endless)) {
            Tensor tensor = checkpoint.tensors().get("a.b");
            assertThatThrownBy(() -> tensor.readRows(0, 1, MemorySegment.NULL))
                    .isInstanceOf(UnsupportedException.class)
                    .hasMessageContaining("expands 16 stored bytes");
        }
    }
}
