package tk.quantize.vector;

/** Blocks of 32 values and their weights, for types whose σ² is that of the whole row. */
final class WeightedBlocks {
    private static final int BLOCK = 32;
    private static final int BATCH = BatchKernel.VALUES / BLOCK;

    private final Panels values = new Panels(BLOCK, BATCH);
    private final Panels weights = new Panels(BLOCK, BATCH);
    private final float[] flatWeights = new float[BatchKernel.VALUES];
    private float[] sigma2 = new float[0];

    /** Finds σ² of each row. */
    void prepare(float[] x, int from, int rows, int columns) {
        if (sigma2.length < rows) sigma2 = new float[rows];
        ImportanceLanes.sumsOfSquares(x, from, columns, rows, sigma2);
        for (int row = 0; row < rows; row++) sigma2[row] /= columns;
    }

    /** Lays out {@code count} blocks, of which the first is at {@code position} of the rows. */
    void fill(float[] x, int from, int count, float[] importance, int position, int columns) {
        values.fill(x, from, count);
        for (int b = 0; b < count; b++) {
            int i = b * BLOCK;
            int row = (position + i) / columns;
            int column = (position + i) % columns;
            ImportanceLanes.weights(
                    x, from + i, BLOCK, sigma2[row], importance, column, flatWeights, i);
        }
        weights.fill(flatWeights, 0, count);
    }

    Panels values() {
        return values;
    }

    Panels weights() {
        return weights;
    }

    /** Weights of block {@code b} lie here from index {@code 32 b} on. */
    float[] flatWeights() {
        return flatWeights;
    }
}
