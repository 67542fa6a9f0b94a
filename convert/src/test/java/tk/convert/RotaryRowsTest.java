package tk.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.convert.Dialect.Rotary;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;

class RotaryRowsTest {
    private static float[] values(Tensor tensor) {
        byte[] bytes = TinyModel.bytes(tensor);
        float[] values = new float[bytes.length / 4];
        MemorySegment.copy(
                MemorySegment.ofArray(bytes), Scalars.LE_FLOAT, 0, values, 0, values.length);
        return values;
    }

    @Test
    void putsTheTwoHalvesOfEachHeadInPairs() {
        Tensor halves = TinyModel.f32("q", new Shape(8, 1), 0, 1, 2, 3, 10, 11, 12, 13);
        assertThat(values(RotaryRows.of(halves, 2, Rotary.PAIRS)))
                .containsExactly(0, 2, 1, 3, 10, 12, 11, 13);
        assertThat(values(RotaryRows.of(halves, 1, Rotary.PAIRS)))
                .containsExactly(0, 10, 1, 11, 2, 12, 3, 13);
    }

    @Test
    void permutesABiasByItsValues() {
        Tensor halves = TinyModel.f32("q.bias", new Shape(8), 0, 1, 2, 3, 10, 11, 12, 13);
        Tensor pairs = RotaryRows.of(halves, 2, Rotary.PAIRS);
        assertThat(values(pairs)).containsExactly(0, 2, 1, 3, 10, 12, 11, 13);
        assertThat(values(RotaryRows.of(pairs, 2, Rotary.HALVES)))
                .containsExactly(0, 1, 2, 3, 10, 11, 12, 13);
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 6", "8, 4", "3, 64"})
    void theTwoDirectionsUndoEachOther(int heads, int headDim) {
        Tensor source =
                TinyModel.random("k", DType.BF16, new Shape(heads * headDim, 5), new Random(heads));
        Tensor there = RotaryRows.of(source, heads, Rotary.PAIRS);
        Tensor back = RotaryRows.of(there, heads, Rotary.HALVES);
        assertThat(TinyModel.bytes(back)).isEqualTo(TinyModel.bytes(source));
        assertThat(TinyModel.bytes(there).length).isEqualTo(TinyModel.bytes(source).length);
    }

    @Test
    void anyRunOfRowsIsTheSameAsInTheWhole() {
        Tensor source = TinyModel.random("q", DType.F16, new Shape(3 * 10, 7), new Random(3));
        for (Rotary to : Rotary.values()) {
            Tensor permuted = RotaryRows.of(source, 3, to);
            byte[] whole = TinyModel.bytes(permuted);
            for (int first = 0; first < 30; first++) {
                for (int count = 0; first + count <= 30; count++) {
                    byte[] part = new byte[count * 14];
                    permuted.readRows(first, count, MemorySegment.ofArray(part));
                    assertThat(part)
                            .isEqualTo(Arrays.copyOfRange(whole, first * 14, (first + count) * 14));
                }
            }
        }
    }

    @Test
    void refusesHeadsThatAreNotWhole() {
        Tensor source = TinyModel.random("q", DType.F32, new Shape(10, 2), new Random(1));
        assertThatThrownBy(() -> RotaryRows.of(source, 2, Rotary.PAIRS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("even width 5");
    }
}
