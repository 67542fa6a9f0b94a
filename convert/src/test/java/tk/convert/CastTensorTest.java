package tk.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Random;

class CastTensorTest {
    private static Tensor cast(Tensor source, DType... types) {
        Tensor tensor = source;
        for (DType type : types) tensor = CastTensor.of(tensor, type);
        return tensor;
    }

    /** Every finite value that the 16-bit type has. */
    private static Tensor everyFinite(DType type) {
        byte[] bytes = new byte[2 << 16];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value =
                    type == DType.F16
                            ? Scalars.fromF16((short) bits)
                            : Scalars.fromBf16((short) bits);
            segment.set(Scalars.LE_SHORT, bits * 2L, Float.isFinite(value) ? (short) bits : 0);
        }
        return new TinyModel.InMemory(new TensorInfo("all", type, new Shape(256, 256)), bytes);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everyValueSurvivesWideningAndBack(DType type) {
        Tensor all = everyFinite(type);
        byte[] bytes = TinyModel.bytes(all);
        assertThat(TinyModel.bytes(cast(all, DType.F32, type))).isEqualTo(bytes);
        assertThat(TinyModel.bytes(cast(all, DType.F64, type))).isEqualTo(bytes);
        assertThat(TinyModel.bytes(cast(all, DType.F32, DType.F64, DType.F32, type)))
                .isEqualTo(bytes);
    }

    @Test
    void f16SurvivesF32AndF32SurvivesF64ForAnyBits() {
        Random random = new Random(11);
        byte[] bytes = new byte[4 * 10_000];
        MemorySegment segment = MemorySegment.ofArray(bytes);
        for (int i = 0; i < 10_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            segment.set(Scalars.LE_FLOAT, i * 4L, Float.isFinite(value) ? value : -0f);
        }
        Tensor source =
                new TinyModel.InMemory(
                        new TensorInfo("any", DType.F32, new Shape(100, 100)), bytes);
        assertThat(TinyModel.bytes(cast(source, DType.F64, DType.F32))).isEqualTo(bytes);
    }

    @Test
    void aTensorOfTheTypeIsItself() {
        Tensor source = TinyModel.f32("t", new Shape(1), Float.NaN);
        assertThat(CastTensor.of(source, DType.F32)).isSameAs(source);
    }

    @Test
    void narrowingRoundsToTheNearestEven() {
        Tensor source = TinyModel.f32("t", new Shape(3), 1 + 0x1p-11f, 1 + 3 * 0x1p-11f, 65519.99f);
        MemorySegment bytes = MemorySegment.ofArray(TinyModel.bytes(cast(source, DType.F16)));
        assertThat(bytes.get(Scalars.LE_SHORT, 0)).isEqualTo((short) 0x3c00);
        assertThat(bytes.get(Scalars.LE_SHORT, 2)).isEqualTo((short) 0x3c02);
        assertThat(bytes.get(Scalars.LE_SHORT, 4)).isEqualTo((short) 0x7bff);
    }

    @ParameterizedTest
    @CsvSource({
        "F16, 65520, 65504",
        "F16, -70000, 65504",
        "BF16, 3.4e38, 3.3895314E38",
    })
    void namesTheFirstValueThatDoesNotFit(DType type, float value, String largest) {
        float[] values = new float[7000];
        values[5003] = value;
        values[6000] = value * 0.999f;
        Tensor source = TinyModel.f32("mlp.w", new Shape(70, 100), values);
        assertThatThrownBy(() -> TinyModel.bytes(cast(source, type)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessage(
                        "tensor `mlp.w`, row 50, column 3: %s does not fit in %s, whose largest value is %s"
                                .formatted(Float.toString(value), type, largest));
    }

    @Test
    void bf16CanBeTooLargeForF16() {
        Tensor source = cast(TinyModel.f32("w", new Shape(2), 1, 1e6f), DType.BF16);
        assertThatThrownBy(() -> TinyModel.bytes(cast(source, DType.F16)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("row 0, column 1")
                .extracting(e -> ((UnsupportedException) e).hint())
                .isEqualTo("Use bf16 or f32 instead of f16.");
    }

    @Test
    void f64CanBeTooLargeForF32() {
        byte[] bytes = new byte[16];
        MemorySegment.ofArray(bytes).set(Scalars.LE_DOUBLE, 8, 1e300);
        Tensor source = new TinyModel.InMemory(new TensorInfo("w", DType.F64, new Shape(2)), bytes);
        assertThatThrownBy(() -> TinyModel.bytes(cast(source, DType.F32)))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("column 1: 1.0E300 does not fit in F32");
    }

    @ParameterizedTest
    @CsvSource({"NaN", "Infinity", "-Infinity"})
    void namesAValueThatIsNotFinite(float value) {
        Tensor source = TinyModel.f32("w", new Shape(2, 2), 1, 2, value, 4);
        assertThatThrownBy(() -> TinyModel.bytes(cast(source, DType.BF16)))
                .isInstanceOf(MalformedException.class)
                .hasMessage(
                        "tensor `w`, row 1, column 0: the value is %s, expected a finite number"
                                .formatted(value));
    }

    @Test
    void placesAreThoseOfTheWholeTensorWhenAPartIsRead() {
        Tensor source = TinyModel.f32("w", new Shape(3, 2), 1, 2, 3, 4, 5, 1e9f);
        Tensor cast = cast(source, DType.F16);
        assertThatThrownBy(() -> cast.readRows(2, 1, MemorySegment.ofArray(new byte[4])))
                .hasMessageContaining("row 2, column 1");
    }

    @Test
    void refusesIntegers() {
        Tensor source =
                new TinyModel.InMemory(new TensorInfo("i", DType.I64, new Shape(1)), new byte[8]);
        assertThatThrownBy(() -> CastTensor.of(source, DType.F32))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("I64");
    }
}
