package tk.quantize.scalar;

/**
 * From an importance matrix to the weight of each value's squared error: {@code importance · √(σ² +
 * x²)}, where σ² stands for the size of the values around it.
 */
public final class Importance {
    private Importance() {}

    /** Σx², summed from left to right. */
    public static float sumOfSquares(float[] x, int from, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) sum += x[from + i] * x[from + i];
        return sum;
    }

    /** Σx² / count: σ² where a whole row stands for it. */
    public static float meanSquare(float[] x, int from, int count) {
        return sumOfSquares(x, from, count) / count;
    }

    /**
     * Weights of {@code count} values.
     *
     * @param sigma2 σ²
     * @param importance the columns' importance, from index {@code column} on
     * @param weights receives them from index 0 on
     */
    public static void weights(
            float[] x,
            int from,
            int count,
            float sigma2,
            float[] importance,
            int column,
            float[] weights) {
        for (int i = 0; i < count; i++) {
            float v = x[from + i];
            weights[i] = importance[column + i] * (float) Math.sqrt(sigma2 + v * v);
        }
    }

    /** Σweights, summed from left to right. */
    public static float sum(float[] weights, int from, int count) {
        float sum = 0;
        for (int i = 0; i < count; i++) sum += weights[from + i];
        return sum;
    }
}
