package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.TensorInfo;

class FiniteCheckTest {
    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void namesTensorRowAndColumn(float bad) {
        float[] x = HostileWeights.HUGE.generate(8 * 512, 1);
        TensorInfo info = new TensorInfo("blk.0.ffn_up.weight", DType.F32, new Shape(100, 512));
        FiniteCheck.requireFinite(info, 40, x, 0, x.length);
        x[3 * 512 + 17] = bad;
        assertThat(FiniteCheck.firstNonFinite(x, 512, 7 * 512)).isEqualTo(2 * 512 + 17);
        assertThatThrownBy(() -> FiniteCheck.requireFinite(info, 40, x, 0, x.length))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("`blk.0.ffn_up.weight`: row 43, column 17 is " + bad);
    }

    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void refusesAScaleThatF16CannotHold(DType type) {
        TensorInfo info = new TensorInfo("output.weight", type, new Shape(10, 512));
        float[] x = HostileWeights.NORMAL.generate(512, 1);
        byte[] row = new byte[(int) info.rowBytes()];
        BlockCodecs.of(type).quantizeRow(x, 0, 512, null, row, 0);
        assertThatCode(() -> FiniteCheck.requireFiniteScales(info, 0, row, 0, row.length))
                .doesNotThrowAnyException();
        for (int i = 256; i < 512; i++) x[i] *= 1e12f;
        BlockCodecs.of(type).quantizeRow(x, 0, 512, null, row, 0);
        assertThatThrownBy(() -> FiniteCheck.requireFiniteScales(info, 7, row, 0, row.length))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("row 7, the " + type + " block from column 256 on");
    }
}
