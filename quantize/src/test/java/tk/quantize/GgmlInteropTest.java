package tk.quantize;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.tensor.DType;
import tk.testing.Originals;

import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;

/**
 * Every codec, scalar and vector, against llama.cpp's own functions. {@code -Dtk.blocks=N} sets
 * about how many super-blocks of every type are compared (thousands by default), {@code
 * -Dtk.types=Q4_K,Q6_K} of which types (all by default).
 */
@Tag("interop")
class GgmlInteropTest {
    private static final long BLOCKS = Long.getLong("tk.blocks", 20_000);
    private static final int[][] SHAPES = {{16, 256}, {4, 1024}, {1, 2816}};

    static Iterable<DType> types() {
        String chosen = System.getProperty("tk.types");
        if (chosen == null) return BlockCodecs.types();
        return Arrays.stream(chosen.split(",")).map(DType::valueOf).toList();
    }

    @ParameterizedTest
    @MethodSource("types")
    void quantizesToTheSameBytes(DType type) throws IOException {
        Ggml ggml = Ggml.any();
        List<BlockCodec> codecs =
                List.of(BlockCodecs.scalar(type), BlockCodecs.vector(type).orElseThrow());
        EnumSet<HostileImportance> weights = weights(ggml, type);
        long blocks = 0;
        for (long seed = 0; blocks < BLOCKS; seed++) {
            int rows = SHAPES[(int) (seed % SHAPES.length)][0];
            int columns = SHAPES[(int) (seed % SHAPES.length)][1];
            Random random = new Random(seed);
            for (HostileWeights kind : HostileWeights.values()) {
                float[] x = kind.generate(rows * columns, seed);
                compare(ggml, codecs, x, rows, columns, null, kind + ", seed " + seed);
                HostileImportance weight = any(weights, random);
                compare(
                        ggml,
                        codecs,
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

    private static HostileImportance any(EnumSet<HostileImportance> weights, Random random) {
        return weights.stream().skip(random.nextInt(weights.size())).findFirst().orElseThrow();
    }

    /**
     * Before ggml 0.27 the weighted search for a scale and a minimum rounded differently where a
     * value is too large to round, which happens under weights that are zero or far apart. Such a
     * library is known by one block.
     */
    private static EnumSet<HostileImportance> weights(Ggml ggml, DType type) throws IOException {
        switch (type) {
            case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> {
                float[] x = HostileWeights.SPARSE.generate(2816, 14);
                float[] w = HostileImportance.FEW_ZEROS.generate(2816, 14);
                byte[] ours = new byte[(int) DType.Q4_1.byteSize(2816)];
                BlockCodecs.of(DType.Q4_1).quantizeRow(x, 0, 2816, w, ours, 0);
                if (Arrays.equals(ours, ggml.quantize(DType.Q4_1, x, 1, 2816, w))) {
                    return EnumSet.allOf(HostileImportance.class);
                }
                return EnumSet.of(
                        HostileImportance.ONES,
                        HostileImportance.EXPONENTIAL,
                        HostileImportance.LARGE,
                        HostileImportance.SMALL);
            }
            default -> {
                return EnumSet.allOf(HostileImportance.class);
            }
        }
    }

    private static void compare(
            Ggml ggml,
            List<BlockCodec> codecs,
            float[] x,
            int rows,
            int columns,
            float @Nullable [] importance,
            String what)
            throws IOException {
        DType type = codecs.getFirst().type();
        byte[] expected = ggml.quantize(type, x, rows, columns, importance);
        for (BlockCodec codec : codecs) {
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
    }

    private static byte[] slice(byte[] bytes, int block, DType type) {
        int size = type.blockBytes();
        return Arrays.copyOfRange(bytes, block * size, (block + 1) * size);
    }

    @ParameterizedTest
    @MethodSource("types")
    void dequantizesToTheSameValues(DType type) {
        GgmlLibrary ggml = new GgmlLibrary(Originals.library("libggml-base.so"));
        Random random = new Random(5);
        int count = 256 * 2000;
        byte[] blocks = new byte[(int) type.byteSize(count)];
        random.nextBytes(blocks);
        float[] expected = ggml.dequantize(type, blocks, count);
        compare(type, BlockCodecs.scalar(type), blocks, expected);
        compare(type, BlockCodecs.vector(type).orElseThrow(), blocks, expected);
    }

    private static void compare(DType type, BlockCodec codec, byte[] blocks, float[] expected) {
        int count = expected.length;
        float[] actual = new float[count];
        codec.dequantizeRow(blocks, 0, actual, 0, count);
        for (int i = 0; i < count; i++) {
            if (Float.isNaN(expected[i]) && Float.isNaN(actual[i])) continue;
            assertThat(Float.floatToRawIntBits(actual[i]))
                    .as("%s, value %d: %s, expected %s", type, i, actual[i], expected[i])
                    .isEqualTo(Float.floatToRawIntBits(expected[i]));
        }
    }
}
