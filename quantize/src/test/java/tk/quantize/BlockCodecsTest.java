package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.error.UnsupportedException;
import tk.tensor.DType;

import java.util.Arrays;

class BlockCodecsTest {
    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void staysCloseToWhatItQuantized(DType type) {
        float[] x = HostileWeights.NORMAL.generate(4096, 1);
        byte[] blocks = new byte[(int) type.byteSize(x.length)];
        float[] back = new float[x.length];
        BlockCodecs.of(type).quantizeRow(x, 0, x.length, null, blocks, 0);
        BlockCodecs.of(type).dequantizeRow(blocks, 0, back, 0, x.length);
        for (int b = 0; b < x.length; b += type.blockSize()) {
            double error = 0;
            double power = 0;
            for (int i = b; i < b + type.blockSize(); i++) {
                error += Math.pow(x[i] - back[i], 2);
                power += Math.pow(x[i], 2);
            }
            // Each bit a value halves the error; two bits are lost to the shape of the values.
            double expected = Math.pow(2, -2 * (type.bitsPerValue() - 2.2));
            assertThat(error / power).as("%s, values from %d on", type, b).isLessThan(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void writesOnlyItsOwnBytes(DType type) {
        float[] x = HostileWeights.HEAVY_TAIL.generate(3 * 1024, 2);
        int bytes = (int) type.byteSize(1024);
        byte[] whole = new byte[3 * bytes];
        BlockCodecs.of(type).quantizeRows(x, 0, 3, 1024, null, whole, 0);
        byte[] one = new byte[bytes + 2];
        one[0] = 42;
        one[bytes + 1] = 42;
        BlockCodecs.of(type).quantizeRow(x, 1024, 1024, null, one, 1);
        assertThat(one[0]).isEqualTo((byte) 42);
        assertThat(one[bytes + 1]).isEqualTo((byte) 42);
        assertThat(Arrays.copyOfRange(one, 1, bytes + 1))
                .isEqualTo(Arrays.copyOfRange(whole, bytes, 2 * bytes));
    }

    @ParameterizedTest
    @MethodSource("types")
    void rejectsARowThatIsNoWholeNumberOfBlocks(DType type) {
        assertThatThrownBy(
                        () ->
                                BlockCodecs.of(type)
                                        .quantizeRow(
                                                new float[300], 0, 300, null, new byte[999], 0))
                .isInstanceOf(ArithmeticException.class)
                .hasMessageContaining("300");
    }

    @Test
    void namesTheTypesItKnowsWhenAskedForAnother() {
        assertThatThrownBy(() -> BlockCodecs.of(DType.IQ2_XXS))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("IQ2_XXS");
    }
}
