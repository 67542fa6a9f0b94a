package tk.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ShapeTest {
    @Test
    void runsInsideItsNamedModule() {
        assertThat(getClass().getModule().getName()).isEqualTo("tk.formats");
    }

    @Test
    void countsRowsAndColumns() {
        Shape shape = new Shape(3, 4, 5);
        assertThat(shape.elements()).isEqualTo(60);
        assertThat(shape.rows()).isEqualTo(12);
        assertThat(shape.columns()).isEqualTo(5);
        assertThat(shape).hasToString("[3, 4, 5]");
    }

    @Test
    void treatsAScalarAsOneRowOfOne() {
        assertThat(new Shape().rows()).isEqualTo(1);
        assertThat(new Shape().columns()).isEqualTo(1);
    }

    @Test
    void hasNoRowsWhereItHasNoElements() {
        assertThat(new Shape(0, 4).rows()).isZero();
        assertThat(new Shape(4, 0).rows()).isZero();
        assertThat(new Shape(4, 0).elements()).isZero();
    }

    @Test
    void refusesNegativeAndOverflowingExtents() {
        assertThatThrownBy(() -> new Shape(2, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Shape(1L << 40, 1L << 40))
                .isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> new Shape(0, 1L << 40, 1L << 40))
                .isInstanceOf(ArithmeticException.class);
        assertThatThrownBy(() -> new Shape(0, 1L << 59)).isInstanceOf(ArithmeticException.class);
        assertThat(new TensorInfo("t", DType.C128, new Shape(0, 1L << 58)).rowBytes())
                .isEqualTo(1L << 62);
    }

    @Test
    void givesBlocksTheirGgmlSizes() {
        assertThat(DType.Q4_K.blockBytes()).isEqualTo(144);
        assertThat(DType.Q5_K.blockBytes()).isEqualTo(176);
        assertThat(DType.Q6_K.blockBytes()).isEqualTo(210);
        assertThat(DType.Q8_0.byteSize(new Shape(2, 64))).isEqualTo(2 * 2 * 34);
        assertThat(DType.named("q4_k")).contains(DType.Q4_K);
        assertThat(DType.named("i8")).contains(DType.I8);
    }
}
