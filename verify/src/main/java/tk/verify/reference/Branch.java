package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.Decoder.Linear;
import tk.verify.reference.MatrixProduct.Then;

import java.util.List;

/**
 * What an adapter adds beside a matrix: {@code y += s·B(Ax)}, after which DoRA scales every output.
 *
 * @param a (r, in)
 * @param b (out, r)
 * @param scale s
 * @param outputScale (out), or null
 */
record Branch(Weights a, Weights b, float scale, float @Nullable [] outputScale) {
    private static final Kernels KERNELS = new ScalarKernels();

    /**
     * This branch with the outputs scaled to DoRA's magnitudes (Liu et al. 2024): {@code m_i / ‖(W
     * + s·BA)_i‖}, W being what the branches before make of the matrix.
     */
    Branch scaledTo(float[] magnitudes, Weights weights, List<Branch> before) {
        float[] scales = new float[magnitudes.length];
        float[] row = new float[weights.columns()];
        float[][] earlier = before.stream().map(Branch::allOfA).toArray(float[][]::new);
        float[] own = allOfA();
        for (int i = 0; i < scales.length; i++) {
            weights.read(KERNELS, i, 1, row);
            for (int j = 0; j < earlier.length; j++) before.get(j).addTo(row, i, earlier[j]);
            addTo(row, i, own);
            double squares = 0;
            for (float value : row) squares += (double) value * value;
            scales[i] = (float) (magnitudes[i] / Math.sqrt(squares));
        }
        return new Branch(a, b, scale, scales);
    }

    private float[] allOfA() {
        float[] values = new float[Math.multiplyExact(a.rows(), a.columns())];
        a.read(KERNELS, 0, a.rows(), values);
        return values;
    }

    /** {@code row += s·(BA)_i}, scaled. */
    private void addTo(float[] row, int i, float[] allOfA) {
        float[] left = new float[a.rows()];
        b.read(KERNELS, i, 1, left);
        for (int k = 0; k < left.length; k++) {
            float factor = scale * left[k];
            int from = k * row.length;
            for (int j = 0; j < row.length; j++) row[j] += factor * allOfA[from + j];
        }
        if (outputScale == null) return;
        for (int j = 0; j < row.length; j++) row[j] *= outputScale[i];
    }

    /**
     * Adds to a product.
     *
     * @param x {@code (in, columns)}
     * @param y {@code (out, columns)}: the product of the matrix and x so far
     */
    void run(MatrixProduct product, float[] x, int columns, float[] y) {
        float[] low = new float[a.rows() * columns]; // (r, columns)
        product.run(new Linear(a, null), x, columns, low, columns, Then.STORE);
        for (int i = 0; i < low.length; i++) low[i] *= scale;
        product.run(new Linear(b, null), low, columns, y, columns, Then.ADD);
        if (outputScale == null) return;
        for (int r = 0; r < outputScale.length; r++) {
            for (int c = 0; c < columns; c++) y[r * columns + c] *= outputScale[r];
        }
    }
}
