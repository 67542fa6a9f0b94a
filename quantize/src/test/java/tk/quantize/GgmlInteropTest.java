package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.tensor.DType;
import tk.testing.Originals;

import java.util.Arrays;
import java.util.Random;

/**
 * Every codec against llama.cpp's own functions, loaded into this process. {@code -Dtk.blocks=N}
 * sets about how many super-blocks of every type are compared (thousands by default).
 */
@Tag("interop")
class GgmlInteropTest {
    private static final long BLOCKS = Long.getLong("tk.blocks", 20_000);
    private static final int[][] SHAPES = {{16, 256}, {4, 1024}, {1, 2816}};

    static Iterable<DType> types() {
        return BlockCodecs.types();
    }

    @ParameterizedTest
    @MethodSource("types")
    void quantizesToTheSameBytes(DType type) {
        Ggml ggml = new Ggml(Originals.library("libggml-base.so"));
        BlockCodec codec = BlockCodecs.of(type);
        long blocks = 0;
        for (long seed = 0; blocks < BLOCKS; seed++) {
            int rows = SHAPES[(int) (seed % SHAPES.length)][0];
            int columns = SHAPES[(int) (seed % SHAPES.length)][1];
            Random random = new Random(seed);
            for (HostileWeights kind : HostileWeights.values()) {
                float[] x = kind.generate(rows * columns, seed);
                compare(ggml, codec, x, rows, columns, null, kind + ", seed " + seed);
                HostileImportance weight = HostileImportance.any(random);
                compare(
                        ggml,
                        codec,
                        x,
                        rows,
                        columns,
                        weight.generate(columns, seed),
                        kind + " weighted by " + weight + ", seed " + seed);
                blocks += 2L * rows * columns / 256;
            }
        }
        System.out.println(type + ": " + blocks + " super-blocks of 256 values, none differing");
    }

    private static void compare(
            Ggml ggml,
            BlockCodec codec,
            float[] x,
            int rows,
            int columns,
            float @Nullable [] importance,
            String what) {
        DType type = codec.type();
        byte[] expected = ggml.quantize(type, x, rows, columns, importance);
        byte[] actual = new byte[expected.length];
        codec.quantizeRows(x, 0, rows, columns, importance, actual, 0);
        int at = Arrays.mismatch(expected, actual);
        if (at >= 0) {
            int block = at / type.blockBytes();
            assertThat(slice(actual, block, type))
                    .as("%s, block %d of %s", type, block, what)
                    .isEqualTo(slice(expected, block, type));
        }
    }

    private static byte[] slice(byte[] bytes, int block, DType type) {
        int size = type.blockBytes();
        return Arrays.copyOfRange(bytes, block * size, (block + 1) * size);
    }

    @ParameterizedTest
    @MethodSource("types")
    void dequantizesToTheSameValues(DType type) {
        Ggml ggml = new Ggml(Originals.library("libggml-base.so"));
        Random random = new Random(5);
        int count = 256 * 2000;
        byte[] blocks = new byte[(int) type.byteSize(count)];
        random.nextBytes(blocks);
        float[] expected = ggml.dequantize(type, blocks, count);
        float[] actual = new float[count];
        BlockCodecs.of(type).dequantizeRow(blocks, 0, actual, 0, count);
        for (int i = 0; i < count; i++) {
            if (Float.isNaN(expected[i]) && Float.isNaN(actual[i])) continue;
            assertThat(Float.floatToRawIntBits(actual[i]))
                    .as("%s, value %d: %s, expected %s", type, i, actual[i], expected[i])
                    .isEqualTo(Float.floatToRawIntBits(expected[i]));
        }
    }
}
