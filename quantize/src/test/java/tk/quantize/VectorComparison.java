package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.util.Arrays;
import java.util.Random;

/** The vector kernel of a type against its scalar kernel, byte for byte. */
final class VectorComparison {
    /** Batches that are full and not, rows that end within one. */
    private static final int[][] SHAPES = {{3, 512}, {2, 4096 + 256}, {17, 768}, {1, 256}};

    private VectorComparison() {}

    /**
     * Compares every kind of weights, plain and under some importance, and random blocks' values.
     *
     * @return the super-blocks of 256 values compared
     */
    static long everyKind(DType type, long seed) {
        int rows = SHAPES[(int) (seed % SHAPES.length)][0];
        int columns = SHAPES[(int) (seed % SHAPES.length)][1];
        HostileImportance[] weights = HostileImportance.values();
        Random random = new Random(seed);
        long blocks = 0;
        for (HostileWeights kind : HostileWeights.values()) {
            float[] x = kind.generate(rows * columns, seed);
            rows(type, x, rows, columns, null, kind + ", seed " + seed);
            HostileImportance weight = weights[random.nextInt(weights.length)];
            float[] importance = weight.generate(columns, seed);
            String what = kind + " weighted by " + weight + ", seed " + seed;
            rows(type, x, rows, columns, importance, what);
            blocks += 2L * rows * columns / 256;
        }
        backwards(type, rows * columns, seed);
        return blocks;
    }

    /** Compares rows; an {@link AssertionError} says where they differ. */
    static void rows(
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
        vector(type).quantizeRows(x, 0, rows, columns, importance, actual, 0);
        int at = Arrays.mismatch(expected, actual);
        if (at < 0) return;
        throw new AssertionError(
                "%s, %s: byte %d of block %d of %s is %d, expected %d"
                        .formatted(
                                type,
                                Kernels.describe(),
                                at % type.blockBytes(),
                                at / type.blockBytes(),
                                what,
                                actual[at],
                                expected[at]));
    }

    /**
     * Compares the values of blocks of random bits, scales that are no numbers among them.
     *
     * @param count how many values, a multiple of the block size
     */
    static void backwards(DType type, int count, long seed) {
        byte[] blocks = new byte[3 + (int) type.byteSize(count)];
        new Random(seed).nextBytes(blocks);
        float[] expected = new float[count + 9];
        Arrays.fill(expected, 42);
        float[] actual = expected.clone();
        BlockCodecs.scalar(type).dequantizeRow(blocks, 3, expected, 5, count);
        vector(type).dequantizeRow(blocks, 3, actual, 5, count);
        for (int i = 0; i < expected.length; i++) {
            // Which NaN it is depends on the operands' order.
            if (Float.isNaN(expected[i]) && Float.isNaN(actual[i])) continue;
            if (Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(actual[i])) {
                continue;
            }
            throw new AssertionError(
                    "%s, %s: value %d of %d is %s, expected %s"
                            .formatted(
                                    type,
                                    Kernels.describe(),
                                    i - 5,
                                    count,
                                    actual[i],
                                    expected[i]));
        }
    }

    static BlockCodec vector(DType type) {
        return BlockCodecs.vector(type).orElseThrow();
    }
}
