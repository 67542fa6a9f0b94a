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
        for (int r = 0; r < rows; r++) {
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

    @Override
    public void exp(float[] s, int at, int count) {
        for (int i = at; i < at + count; i++) s[i] = (float) Math.exp(s[i]);
    }
}
