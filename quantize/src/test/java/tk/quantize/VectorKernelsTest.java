package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.tensor.DType;

import java.util.Arrays;

/**
 * Vector kernels against scalar ones, at the vector width of this JVM. {@code -Dtk.blocks=N} sets
 * about how many super-blocks of every type are compared (thousands by default).
 */
class VectorKernelsTest {
    private static final long BLOCKS = Long.getLong("tk.blocks", 2_000);

    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForEveryKindOfWeights(DType type) {
        long blocks = 0;
        for (long seed = 0; blocks < BLOCKS; seed++) {
            blocks += VectorComparison.everyKind(type, seed);
        }
        assertThat(blocks).isGreaterThanOrEqualTo(BLOCKS);
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForEveryKindOfImportance(DType type) {
        for (HostileWeights kind : HostileWeights.values()) {
            float[] x = kind.generate(3 * 512, 7);
            for (HostileImportance weight : HostileImportance.values()) {
                float[] importance = weight.generate(512, 7);
                String what = kind + " weighted by " + weight;
                VectorComparison.rows(type, x, 3, 512, importance, what);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarBytesForShortRowsOfBlocks(DType type) {
        if (type.blockSize() > 32) return;
        float[] x = HostileWeights.OUTLIERS.generate(11 * 288, 3);
        float[] importance = HostileImportance.EXPONENTIAL.generate(288, 3);
        VectorComparison.rows(type, x, 11, 288, null, "rows of 288");
        VectorComparison.rows(type, x, 11, 288, importance, "weighted rows of 288");
    }

    @ParameterizedTest
    @MethodSource("types")
    void giveTheScalarValuesOfBlocksOfAnyBits(DType type) {
        for (int seed = 0; seed < 20; seed++) {
            VectorComparison.backwards(type, 256 * 50, seed);
            // 256 values are taken at a time: rows may end within these.
            if (type.blockSize() == 32) VectorComparison.backwards(type, 32 * (seed + 1), seed);
        }
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
                String what = special + " at " + i;
                VectorComparison.rows(type, x, 2, 512, null, what);
                VectorComparison.rows(type, x, 2, 512, importance, what + ", weighted");
            }
        }
        float[] x = HostileWeights.NORMAL.generate(2 * 512, 1);
        importance[100] = Float.POSITIVE_INFINITY;
        VectorComparison.rows(type, x, 2, 512, importance, "infinite importance");
    }

    @ParameterizedTest
    @MethodSource("types")
    void writeOnlyTheirOwnBytes(DType type) {
        float[] x = HostileWeights.NORMAL.generate(512, 2);
        int bytes = (int) type.byteSize(512);
        byte[] into = new byte[bytes + 32];
        Arrays.fill(into, (byte) 0x5a);
        VectorComparison.vector(type).quantizeRow(x, 0, 512, null, into, 16);
        assertThat(Arrays.copyOf(into, 16)).containsOnly(0x5a);
        assertThat(Arrays.copyOfRange(into, bytes + 16, bytes + 32)).containsOnly(0x5a);
    }
}
