package tk.verify.reference;

import java.util.Arrays;

/** Plain loops: what the vector kernels must compute, and what runs where there are none. */
final class ScalarKernels implements Kernels {
    @Override
    public int lanes() {
        return 1;
    }

    @Override
    public void multiply(
            float[] w,
            int wAt,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            int columns,
            float[] out,
            int outAt,
            int outStride) {
        int r = 0;
        for (; columns % 4 == 0 && r + 2 <= rows; r += 2) {
            int row = wAt + r * wStride;
            int to = outAt + r * outStride;
            for (int c = 0; c < columns; c += 4) {
                tile2x4(w, row, wStride, depth, x, xAt + c, xStride, out, to + c, outStride);
            }
        }
        for (; r < rows; r++) {
            int row = wAt + r * wStride;
            int to = outAt + r * outStride;
            Arrays.fill(out, to, to + columns, 0);
            for (int k = 0; k < depth; k++) {
                float weight = w[row + k];
                int from = xAt + k * xStride;
                for (int c = 0; c < columns; c++) out[to + c] += weight * x[from + c];
            }
        }
    }

    /**
     * Two rows by four columns: eight sums that stay in registers, each in the order of the depth,
     * and enough of them that none waits for its last addition.
     */
    private static void tile2x4(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        float a0 = 0;
        float a1 = 0;
        float a2 = 0;
        float a3 = 0;
        float b0 = 0;
        float b1 = 0;
        float b2 = 0;
        float b3 = 0;
        int from = xAt;
        for (int k = 0; k < depth; k++) {
            float a = w[w0 + k];
            float b = w[w1 + k];
            a0 += a * x[from];
            b0 += b * x[from];
            a1 += a * x[from + 1];
            b1 += b * x[from + 1];
            a2 += a * x[from + 2];
            b2 += b * x[from + 2];
            a3 += a * x[from + 3];
            b3 += b * x[from + 3];
            from += xStride;
        }
        out[to] = a0;
        out[to + 1] = a1;
        out[to + 2] = a2;
        out[to + 3] = a3;
        to += outStride;
        out[to] = b0;
        out[to + 1] = b1;
        out[to + 2] = b2;
        out[to + 3] = b3;
    }

    @Override
    public void exp(float[] s, int at, int count) {
        for (int i = at; i < at + count; i++) s[i] = (float) Math.exp(s[i]);
    }
}
