package tk.verify;

import tk.quantize.BlockCodecs;
import tk.tensor.DType;

import java.util.SplittableRandom;

/** What goes wrong with the values of a matrix: each gives a damaged copy. */
final class WrongValues {
    private static final int D = TinyModel.HEAD_DIM;
    private static final int W = TinyModel.HIDDEN;

    private WrongValues() {}

    /** The rows of each head as Hugging Face has them. */
    static float[] undo(float[] rows) {
        float[] out = new float[rows.length];
        for (int row = 0; row < rows.length / W; row++) {
            int within = row % D;
            int to = row - within + within / 2 + (within % 2) * (D / 2);
            System.arraycopy(rows, row * W, out, to * W, W);
        }
        return out;
    }

    /** The rows of each head permuted once more. */
    static float[] again(float[] rows) {
        return TinyGguf.interleave(rows, D, W);
    }

    static float[] transposed(float[] v) {
        float[] out = new float[v.length];
        for (int i = 0; i < W; i++) for (int j = 0; j < W; j++) out[j * W + i] = v[i * W + j];
        return out;
    }

    static float[] swapRows(float[] v, int a, int b, int count) {
        float[] out = v.clone();
        System.arraycopy(v, a * W, out, b * W, count * W);
        System.arraycopy(v, b * W, out, a * W, count * W);
        return out;
    }

    static float[] copyRows(float[] v, int to, int from, int count) {
        float[] out = v.clone();
        System.arraycopy(v, from * W, out, to * W, count * W);
        return out;
    }

    static float[] swapColumns(float[] v) {
        float[] out = new float[v.length];
        for (int row = 0; row < v.length / W; row++) {
            System.arraycopy(v, row * W, out, row * W + W / 2, W / 2);
            System.arraycopy(v, row * W + W / 2, out, row * W, W / 2);
        }
        return out;
    }

    static float[] roll(float[] v, int by) {
        float[] out = new float[v.length];
        System.arraycopy(v, 0, out, by, v.length - by);
        System.arraycopy(v, v.length - by, out, 0, by);
        return out;
    }

    static float[] zero(float[] v, int from, int count) {
        return zero(v, from, count, 0);
    }

    static float[] zero(float[] v, int from, int count, float value) {
        float[] out = v.clone();
        java.util.Arrays.fill(out, from, from + count, value);
        return out;
    }

    static float[] scale(float[] v, int from, int count, float by) {
        float[] out = v.clone();
        for (int i = from; i < from + count; i++) out[i] *= by;
        return out;
    }

    static float[] plus(float[] v, float offset) {
        float[] out = v.clone();
        for (int i = 0; i < out.length; i++) out[i] += offset;
        return out;
    }

    /** Adds a matrix of rank 4, a tenth as large as the weights. */
    static float[] lowRank(float[] v, float by) {
        SplittableRandom random = new SplittableRandom(17);
        int rows = v.length / W;
        float[] out = v.clone();
        for (int rank = 0; rank < 4; rank++) {
            double[] a = random.doubles(W, -1, 1).toArray();
            double[] b = random.doubles(rows, -1, 1).toArray();
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < W; j++) out[i * W + j] += (float) (by * 0.014 * b[i] * a[j]);
            }
        }
        return out;
    }

    /** What is left of values that were quantized before. */
    static float[] through(DType type, float[] v) {
        byte[] blocks = new byte[(int) type.byteSize(v.length)];
        BlockCodecs.of(type).quantizeRow(v, 0, v.length, null, blocks, 0);
        float[] out = new float[v.length];
        BlockCodecs.of(type).dequantizeRow(blocks, 0, out, 0, v.length);
        return out;
    }
}
