package tk.convert.lora;

import java.util.Arrays;

/**
 * The factors of a {@link LowRank} in memory, laid out for the product's rows.
 *
 * <p>Row i of the product is the sum over k of {@code left[i, k] · right[k, ·]}. Every value is
 * summed over k in order, each step fused: so do the matrix products that PyTorch calls, and the
 * bits are theirs.
 */
final class Factors {
    /** Columns at a time: a block of them for all k stays in a core's cache. */
    static final int BLOCK = 512;

    private final int rank;
    private final int columns;
    private final float[] left; // (rows, rank)
    private final float[][][] right; // (blocks of columns, rank, BLOCK)

    private Factors(int rank, int columns, float[] left, float[][][] right) {
        this.rank = rank;
        this.columns = columns;
        this.left = left;
        this.right = right;
    }

    static Factors of(LowRank lowRank) {
        int rank = lowRank.rank();
        float[] a = LowRank.values(lowRank.a()); // (rank, in)
        float[] b = LowRank.values(lowRank.b()); // (out, rank)
        float[] left = lowRank.embedding() ? transposed(a, rank) : b;
        float[] right = lowRank.embedding() ? transposed(b, b.length / rank) : a;
        int columns = right.length / rank;
        return new Factors(rank, columns, left, blocks(right, rank, columns));
    }

    private static float[] transposed(float[] matrix, int rows) {
        int columns = matrix.length / rows;
        float[] out = new float[matrix.length];
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) out[j * rows + i] = matrix[i * columns + j];
        }
        return out;
    }

    private static float[][][] blocks(float[] matrix, int rank, int columns) {
        int count = Math.ceilDiv(columns, BLOCK);
        float[][][] blocks = new float[count][rank][];
        for (int c = 0; c < count; c++) {
            int from = c * BLOCK;
            int to = Math.min(columns, from + BLOCK);
            for (int k = 0; k < rank; k++) {
                blocks[c][k] = Arrays.copyOfRange(matrix, k * columns + from, k * columns + to);
            }
        }
        return blocks;
    }

    /** How many blocks of columns there are. */
    int blocks() {
        return right.length;
    }

    /** How many columns a block has: {@link #BLOCK}, the last perhaps fewer. */
    int width(int block) {
        return Math.min(BLOCK, columns - block * BLOCK);
    }

    /** A block of one row of the product. */
    void row(long row, int block, float[] into) {
        int n = width(block);
        float[][] r = right[block];
        int at = Math.multiplyExact(Math.toIntExact(row), rank);
        Arrays.fill(into, 0, n, 0);
        int k = 0;
        for (; k + 4 <= rank; k += 4) {
            add(
                    into,
                    n,
                    left[at + k],
                    left[at + k + 1],
                    left[at + k + 2],
                    left[at + k + 3],
                    r[k],
                    r[k + 1],
                    r[k + 2],
                    r[k + 3]);
        }
        for (; k < rank; k++) add(into, n, left[at + k], r[k]);
    }

    /**
     * A block of two rows of the product, each as {@link #row} gives it: what is read of the right
     * factor serves both, which makes them half as fast again as one by one.
     */
    void rows(long row, int block, float[] first, float[] second) {
        int n = width(block);
        float[][] r = right[block];
        int at = Math.multiplyExact(Math.toIntExact(row), rank);
        int next = Math.addExact(at, rank);
        Arrays.fill(first, 0, n, 0);
        Arrays.fill(second, 0, n, 0);
        int k = 0;
        for (; k + 4 <= rank; k += 4) {
            add(
                    first,
                    second,
                    n,
                    left[at + k],
                    left[at + k + 1],
                    left[at + k + 2],
                    left[at + k + 3],
                    left[next + k],
                    left[next + k + 1],
                    left[next + k + 2],
                    left[next + k + 3],
                    r[k],
                    r[k + 1],
                    r[k + 2],
                    r[k + 3]);
        }
        for (; k < rank; k++) {
            add(first, n, left[at + k], r[k]);
            add(second, n, left[next + k], r[k]);
        }
    }

    private static void add(
            float[] first,
            float[] second,
            int n,
            float b0,
            float b1,
            float b2,
            float b3,
            float c0,
            float c1,
            float c2,
            float c3,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3) {
        for (int j = 0; j < n; j++) {
            float v0 = r0[j];
            float v1 = r1[j];
            float v2 = r2[j];
            float v3 = r3[j];
            first[j] =
                    Math.fma(
                            b3, v3, Math.fma(b2, v2, Math.fma(b1, v1, Math.fma(b0, v0, first[j]))));
            second[j] =
                    Math.fma(
                            c3,
                            v3,
                            Math.fma(c2, v2, Math.fma(c1, v1, Math.fma(c0, v0, second[j]))));
        }
    }

    /** Kept this plain, and the rows in arrays of their own, for the compiler to vectorize it. */
    private static void add(
            float[] into,
            int n,
            float b0,
            float b1,
            float b2,
            float b3,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3) {
        for (int j = 0; j < n; j++) {
            into[j] =
                    Math.fma(
                            b3,
                            r3[j],
                            Math.fma(b2, r2[j], Math.fma(b1, r1[j], Math.fma(b0, r0[j], into[j]))));
        }
    }

    private static void add(float[] into, int n, float b, float[] r) {
        for (int j = 0; j < n; j++) into[j] = Math.fma(b, r[j], into[j]);
    }
}
