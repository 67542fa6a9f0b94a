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

    /** Rows at a time. */
    static final int ROWS = 4;

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
     * A block of {@link #ROWS} rows of the product, each as {@link #row} gives it: what is read of
     * the right factor serves them all, so that multiplying takes the time, and not reading.
     */
    void rows(long row, int block, float[][] into) {
        int n = width(block);
        float[][] r = right[block];
        int at = Math.multiplyExact(Math.toIntExact(row), rank);
        Math.addExact(at, ROWS * rank);
        for (float[] one : into) Arrays.fill(one, 0, n, 0);
        int k = 0;
        for (; k + 4 <= rank; k += 4) add(into, n, at + k, r[k], r[k + 1], r[k + 2], r[k + 3]);
        for (; k < rank; k++) {
            for (int i = 0; i < ROWS; i++) add(into[i], n, left[at + i * rank + k], r[k]);
        }
    }

    private void add(
            float[][] into, int n, int at, float[] r0, float[] r1, float[] r2, float[] r3) {
        int b = at + rank;
        int c = b + rank;
        int d = c + rank;
        add(
                into[0],
                into[1],
                into[2],
                into[3],
                n,
                left[at],
                left[at + 1],
                left[at + 2],
                left[at + 3],
                left[b],
                left[b + 1],
                left[b + 2],
                left[b + 3],
                left[c],
                left[c + 1],
                left[c + 2],
                left[c + 3],
                left[d],
                left[d + 1],
                left[d + 2],
                left[d + 3],
                r0,
                r1,
                r2,
                r3);
    }

    private static void add(
            float[] a,
            float[] b,
            float[] c,
            float[] d,
            int n,
            float a0,
            float a1,
            float a2,
            float a3,
            float b0,
            float b1,
            float b2,
            float b3,
            float c0,
            float c1,
            float c2,
            float c3,
            float d0,
            float d1,
            float d2,
            float d3,
            float[] r0,
            float[] r1,
            float[] r2,
            float[] r3) {
        for (int j = 0; j < n; j++) {
            float v0 = r0[j];
            float v1 = r1[j];
            float v2 = r2[j];
            float v3 = r3[j];
            a[j] = Math.fma(a3, v3, Math.fma(a2, v2, Math.fma(a1, v1, Math.fma(a0, v0, a[j]))));
            b[j] = Math.fma(b3, v3, Math.fma(b2, v2, Math.fma(b1, v1, Math.fma(b0, v0, b[j]))));
            c[j] = Math.fma(c3, v3, Math.fma(c2, v2, Math.fma(c1, v1, Math.fma(c0, v0, c[j]))));
            d[j] = Math.fma(d3, v3, Math.fma(d2, v2, Math.fma(d1, v1, Math.fma(d0, v0, d[j]))));
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
