package tk.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import static tk.tensor.Pattern.bytes;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class GgufRoundTripTest {
    @TempDir Path folder;

    static GgufMetadata everyKindOfValue() {
        return GgufMetadata.builder()
                .put("general.architecture", GgufValue.text("llama"))
                .put("u8", new GgufValue.Whole(GgufValueType.U8, 255))
                .put("i8", new GgufValue.Whole(GgufValueType.I8, -128))
                .put("u16", new GgufValue.Whole(GgufValueType.U16, 65535))
                .put("i16", new GgufValue.Whole(GgufValueType.I16, -32768))
                .put("u32", GgufValue.u32(0xffffffffL))
                .put("i32", GgufValue.i32(Integer.MIN_VALUE))
                .put("u64", new GgufValue.Whole(GgufValueType.U64, -1))
                .put("i64", new GgufValue.Whole(GgufValueType.I64, Long.MIN_VALUE))
                .put("f32", GgufValue.f32(1e-5f))
                .put("f64", new GgufValue.Float64(Math.PI))
                .put("true", GgufValue.bool(true))
                .put("false", GgufValue.bool(false))
                .put("empty", GgufValue.text(""))
                .put("texts", GgufValue.texts(List.of("", "a", "ığüşöç", "😀", "\u0000")))
                .put("no texts", GgufValue.texts(List.of()))
                .put("floats", GgufValue.floats(new float[] {0f, -0f, Float.NaN, 1.5f}))
                .put("i32s", GgufValue.i32s(new int[] {1, -1}))
                .put("u8s", new GgufValue.Numbers(GgufValueType.U8, new long[] {0, 255}))
                .put("bools", new GgufValue.Numbers(GgufValueType.BOOL, new long[] {1, 0}))
                .put(
                        "f64s",
                        new GgufValue.Numbers(
                                GgufValueType.F64, new long[] {Double.doubleToRawLongBits(2.5)}))
                .build();
    }

    static Tensor[] oneTensorOfEveryType() {
        List<Tensor> tensors = new ArrayList<>();
        for (GgmlType type : GgmlType.values()) {
            type.dtype().ifPresent(t -> tensors.add(Pattern.of(t.name(), t, 3, t.blockSize())));
        }
        tensors.add(Pattern.of("scalar", DType.F32));
        tensors.add(Pattern.of("empty", DType.F32, 0, 5));
        tensors.add(Pattern.of("four", DType.F16, 2, 3, 4, 5));
        return tensors.toArray(Tensor[]::new);
    }

    private Path write(GgufMetadata metadata, Checkpoint tensors, String name) {
        Path file = folder.resolve(name);
        new PlanWriter(2, Progress.NONE).write(GgufWriter.plan(metadata, tensors, file), false);
        return file;
    }

    @Test
    void givesBackEveryValueAndTensorInOrder() {
        Tensor[] tensors = oneTensorOfEveryType();
        Path file = write(everyKindOfValue(), Pattern.checkpoint(tensors), "all.gguf");
        assertThat(new GgufReader().recognises(file)).isTrue();
        try (GgufFile read = new GgufReader().open(file)) {
            assertThat(read.version()).isEqualTo(3);
            assertThat(List.copyOf(read.gguf().values().entrySet()))
                    .isEqualTo(List.copyOf(everyKindOfValue().values().entrySet()));
            assertThat(read.tensors().values().stream().map(Tensor::info))
                    .containsExactlyElementsOf(Stream.of(tensors).map(Tensor::info).toList());
            for (Tensor tensor : tensors) {
                Tensor stored = Pattern.tensor(read, tensor.info().name());
                assertThat(bytes(stored)).isEqualTo(bytes(tensor));
                assertThat(stored.stored().orElseThrow().offset() % 32).isZero();
            }
        }
    }

    @Test
    void aRewrittenCopyIsTheSameFile() throws IOException {
        Path file = write(everyKindOfValue(), Pattern.checkpoint(oneTensorOfEveryType()), "a.gguf");
        try (GgufFile read = new GgufReader().open(file)) {
            assertThat(Files.mismatch(file, write(read.gguf(), read, "b.gguf"))).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 64, 4096})
    void honoursGeneralAlignment(int alignment) throws IOException {
        GgufMetadata metadata =
                GgufMetadata.builder().put("general.alignment", GgufValue.u32(alignment)).build();
        Tensor[] tensors = {Pattern.of("a", DType.I8, 7), Pattern.of("b", DType.F32, 2, 3)};
        Path file = write(metadata, Pattern.checkpoint(tensors), "aligned.gguf");
        assertThat(Files.size(file) % alignment).isZero();
        try (GgufFile read = new GgufReader().open(file)) {
            assertThat(read.alignment()).isEqualTo(alignment);
            for (Tensor tensor : tensors) {
                Tensor stored = Pattern.tensor(read, tensor.info().name());
                assertThat(stored.stored().orElseThrow().offset() % alignment).isZero();
                assertThat(bytes(stored)).isEqualTo(bytes(tensor));
            }
        }
    }

    @Test
    void reversesExtentsAtTheBorder() throws IOException {
        Path file =
                GgufBytes.header(1, 0)
                        .tensor("t", 0, 0, 2, 3)
                        .pad(32)
                        .f32(1)
                        .f32(2)
                        .f32(3)
                        .f32(4)
                        .f32(5)
                        .f32(6)
                        .write(folder.resolve("t.gguf"));
        try (GgufFile read = new GgufReader().open(file)) {
            Tensor tensor = Pattern.tensor(read, "t");
            assertThat(tensor.info().shape()).isEqualTo(new Shape(3, 2));
            MemorySegment row = MemorySegment.ofArray(new byte[8]);
            tensor.readRows(2, 1, row);
            assertThat(row.get(Scalars.LE_FLOAT, 0)).isEqualTo(5f);
        }
    }

    @Test
    void refusesToWriteWhatGgufCannotHold() {
        assertRefused(Pattern.of("b", DType.BOOL, 4), "no type for BOOL");
        assertRefused(Pattern.of("five", DType.F32, 1, 1, 1, 1, 1), "5 dimensions");
        assertRefused(Pattern.of("n".repeat(64), DType.F32, 1), "64 bytes");
    }

    private void assertRefused(Tensor tensor, String reason) {
        Checkpoint one = Pattern.checkpoint(tensor);
        GgufMetadata none = GgufMetadata.builder().build();
        assertThatThrownBy(() -> GgufWriter.plan(none, one, folder.resolve("x.gguf")))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining(tensor.info().name())
                .hasMessageContaining(reason);
    }
}
