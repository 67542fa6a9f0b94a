package tk.quantize.vector;

import tk.quantize.scalar.Importance;

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
        int row = 0;
        for (; row + 8 <= rows; row += 8) sumsOfSquares(x, from + row * columns, columns, row);
        for (; row < rows; row++)
            sigma2[row] = Importance.sumOfSquares(x, from + row * columns, columns);
        for (row = 0; row < rows; row++) sigma2[row] /= columns;
    }

    /** Of eight rows at a time, because each addition of a sum waits for the one before. */
    private void sumsOfSquares(float[] x, int from, int columns, int row) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        float e = 0;
        float f = 0;
        float g = 0;
        float h = 0;
        for (int i = from; i < from + columns; i++) {
            a += x[i] * x[i];
            b += x[i + columns] * x[i + columns];
            c += x[i + 2 * columns] * x[i + 2 * columns];
            d += x[i + 3 * columns] * x[i + 3 * columns];
            e += x[i + 4 * columns] * x[i + 4 * columns];
            f += x[i + 5 * columns] * x[i + 5 * columns];
            g += x[i + 6 * columns] * x[i + 6 * columns];
            h += x[i + 7 * columns] * x[i + 7 * columns];
        }
        sigma2[row] = a;
        sigma2[row + 1] = b;
        sigma2[row + 2] = c;
        sigma2[row + 3] = d;
        sigma2[row + 4] = e;
        sigma2[row + 5] = f;
        sigma2[row + 6] = g;
        sigma2[row + 7] = h;
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
