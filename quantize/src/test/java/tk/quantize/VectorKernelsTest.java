package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.tensor.DType;

import java.util.Arrays;

/** Vector kernels against scalar ones, at the vector width of this JVM. */
class VectorKernelsTest {
    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForEveryKindOfWeights(DType type) {
        int[][] shapes = {{1, 256}, {3, 512}, {2, 4096 + 256}, {17, 768}};
        for (int seed = 0; seed < shapes.length; seed++) {
            int rows = shapes[seed][0];
            int columns = shapes[seed][1];
            for (HostileWeights kind : HostileWeights.values()) {
                float[] x = kind.generate(rows * columns, seed);
                compare(type, x, rows, columns, null, kind + " " + seed);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForEveryKindOfImportance(DType type) {
        int rows = 5;
        int columns = 1024;
        for (HostileWeights kind : HostileWeights.values()) {
            float[] x = kind.generate(rows * columns, 7);
            for (HostileImportance weight : HostileImportance.values()) {
                float[] importance = weight.generate(columns, 7);
                compare(type, x, rows, columns, importance, kind + " weighted by " + weight);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForShortRowsOfBlocks(DType type) {
        if (type.blockSize() > 32) return;
        float[] x = HostileWeights.OUTLIERS.generate(11 * 288, 3);
        float[] importance = HostileImportance.EXPONENTIAL.generate(288, 3);
        compare(type, x, 11, 288, null, "rows of 288");
        compare(type, x, 11, 288, importance, "weighted rows of 288");
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForNanAndInfinity(DType type) {
        float[] specials = {
            Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE
        };
        float[] importance = HostileImportance.EXPONENTIAL.generate(512, 1);
        for (int i = 0; i < 512; i += 37) {
            for (float special : specials) {
                float[] x = HostileWeights.NORMAL.generate(2 * 512, i);
                x[i] = special;
                x[512] = special;
                compare(type, x, 2, 512, null, special + " at " + i);
                compare(type, x, 2, 512, importance, special + " at " + i + ", weighted");
            }
        }
        float[] x = HostileWeights.NORMAL.generate(2 * 512, 1);
        importance[100] = Float.POSITIVE_INFINITY;
        compare(type, x, 2, 512, importance, "infinite importance");
    }

    private static void compare(
            DType type,
            float[] x,
            int rows,
            int columns,
            float @Nullable [] importance,
            String what) {
        int bytes = (int) type.byteSize((long) rows * columns);
        byte[] expected = new byte[bytes];
        byte[] actual = new byte[bytes];
        BlockCodecs.scalar(type).quantizeRows(x, 0, rows, columns, importance, expected, 0);
        BlockCodecs.vector(type)
                .orElseThrow()
                .quantizeRows(x, 0, rows, columns, importance, actual, 0);
        int at = Arrays.mismatch(expected, actual);
        assertThat(at)
                .as("%s, %s: first differing byte, %s", type, Kernels.describe(), what)
                .isNegative();
    }

    @ParameterizedTest
    @MethodSource("types")
    void writeOnlyTheirOwnBytes(DType type) {
        float[] x = HostileWeights.NORMAL.generate(512, 2);
        int bytes = (int) type.byteSize(512);
        byte[] into = new byte[bytes + 32];
        Arrays.fill(into, (byte) 0x5a);
        BlockCodecs.vector(type).orElseThrow().quantizeRow(x, 0, 512, null, into, 16);
        assertThat(Arrays.copyOf(into, 16)).containsOnly(0x5a);
        assertThat(Arrays.copyOfRange(into, bytes + 16, bytes + 32)).containsOnly(0x5a);
    }
}
