package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.torch.Pickle.dict;
import static tk.torch.Samples.floats;
import static tk.torch.Samples.reversed;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * What pickles hold: dicts of many kinds, tensors with attributes, numpy arrays, repeated elements.
 */
class PickledValuesTest {
    @TempDir Path folder;

    private Checkpoint open(byte[] bytes) throws IOException {
        return new TorchReader().open(Files.write(folder.resolve("x.pt"), bytes));
    }

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
        startArray(pickle).integers(2, bytes.length / 8);
        return endArray(dtype(pickle, p -> p.text("f4"), order), fortran, bytes);
    }

    private static Pickle startArray(Pickle pickle) {
        return pickle.global("numpy.core.multiarray", "_reconstruct")
                .op(Opcode.MARK)
                .global("numpy", "ndarray")
                .integers(0)
                .op(Opcode.SHORT_BINBYTES, 1, 'b')
                .op(Opcode.TUPLE)
                .op(Opcode.REDUCE)
                .op(Opcode.MARK)
                .integer(1);
    }

    private static Pickle dtype(Pickle pickle, UnaryOperator<Pickle> type, String order) {
        pickle.global("numpy", "dtype").op(Opcode.MARK);
        return type.apply(pickle)
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
                .op(Opcode.BUILD);
    }

    private static Pickle endArray(Pickle pickle, boolean fortran, byte[] bytes) {
        return pickle.op(fortran ? Opcode.NEWTRUE : Opcode.NEWFALSE)
                .op(Opcode.BINBYTES)
                .u32(bytes.length)
                .raw(bytes)
                .op(Opcode.TUPLE)
                .op(Opcode.BUILD);
    }

    /** JAX's arrays have types that numpy itself has not. */
    @ParameterizedTest
    @CsvSource({"bfloat16, BF16, 2", "float8_e4m3fn, F8_E4M3, 1", "float8_e5m2, F8_E5M2, 1"})
    void readsArraysOfTheTypesOfMlDtypes(String name, DType dtype, int bytes) throws IOException {
        byte[] values = Samples.bytes(Samples.random("v", DType.U8, 6 * bytes));
        Pickle pickle = Pickle.protocol(3).op(Opcode.EMPTY_DICT).text("a.b");
        startArray(pickle).integers(2, 3);
        dtype(pickle, p -> p.global("ml_dtypes", name), "<");
        endArray(pickle, false, values).op(Opcode.SETITEM);
        try (Checkpoint checkpoint = open(zip(pickle))) {
            Tensor tensor = checkpoint.tensors().get("a.b");
            assertThat(tensor.info()).isEqualTo(new TensorInfo("a.b", dtype, new Shape(2, 3)));
            assertThat(Samples.bytes(tensor)).isEqualTo(values);
        }
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
