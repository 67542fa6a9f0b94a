package tk.verify.weights;

/** What is counted while two tensors are compared. Not thread-safe. */
final class TensorTally {
    private final int columns;

    /** Values that are not the source's. */
    long changed;

    /** Values of a float target that are not the source's, rounded to its type. */
    long wrong;

    /** Index of the first value that is wrong or far off; -1 for none. */
    long firstWrong = -1;

    /** What the source has there. */
    double firstExpected;

    /** What the target has there. */
    double firstFound;

    /** Finite values that became infinite. */
    long overflows;

    /** Codes that are not the nearest to the source's value. */
    long notNearest;

    /** Values inside the range of their run. */
    long inside;

    /** Σ (error / step)² over those. */
    double squaredSteps;

    /** Values more than a step away. */
    long farOff;

    /** The most of them in one row. */
    long farOffInRow;

    private long lastFarRow = -1;
    private long inLastFarRow;

    /** Blocks whose scale is 0 although their values are not. */
    long lostBlocks;

    /** The largest difference of two values. */
    double maxAbs;

    /** Σ (target − source)². */
    double squaredError;

    /** Σ source². */
    double squaredSource;

    /** The row with the largest error. */
    long worstRow;

    private double worstRowError = -1;

    TensorTally(int columns) {
        this.columns = columns;
    }

    void addWrong(long firstRow, int index, float expected, float found) {
        // The source's NaN keeps its sign only in some types; any NaN stands for it.
        if (Float.isNaN(expected) && Float.isNaN(found)) return;
        if (wrong++ == 0) rememberFirst(firstRow, index, expected, found);
    }

    /** A value more than a step away; rows come in order. */
    void addFarOff(long firstRow, int index, float expected, float found) {
        if (farOff++ == 0) rememberFirst(firstRow, index, expected, found);
        long row = firstRow + index / columns;
        inLastFarRow = row == lastFarRow ? inLastFarRow + 1 : 1;
        lastFarRow = row;
        farOffInRow = Math.max(farOffInRow, inLastFarRow);
    }

    void rememberFirst(long firstRow, int index, float expected, float found) {
        firstWrong = firstRow * columns + index;
        firstExpected = expected;
        firstFound = found;
    }

    void addRow(long row, int within, float[] expected, float[] found) {
        double error = 0;
        double energy = 0;
        for (int i = within * columns; i < (within + 1) * columns; i++) {
            double difference = (double) found[i] - expected[i];
            if (difference != 0) {
                changed++;
                maxAbs = Math.max(maxAbs, Math.abs(difference));
                error += difference * difference;
            }
            energy += (double) expected[i] * expected[i];
        }
        squaredError += error;
        squaredSource += energy;
        if (error > worstRowError) {
            worstRowError = error;
            worstRow = row;
        }
    }

    /** Of the first wrong value, as {@code [row, column]}. */
    String position() {
        return "[%d, %d]".formatted(firstWrong / columns, firstWrong % columns);
    }
}
