package tk.convert.bytefallback;

import java.util.Arrays;

/**
 * Hidden states after the final norm, each with the log-sum-exp of its logits: what a row of the
 * head is fitted on.
 */
public final class Calibration {
    private final int width;
    private float[] hidden = new float[0];
    private double[] logSumExp = new double[0];
    private int count;

    /** None yet, of vectors of {@code width} values. */
    public Calibration(int width) {
        this.width = width;
    }

    /**
     * Adds one position.
     *
     * @param state {@code width} values; copied
     * @param logSumExp log of the sum of the exponentials of all logits there
     */
    public void add(float[] state, double logSumExp) {
        if (!Double.isFinite(logSumExp))
            throw new IllegalArgumentException("log-sum-exp " + logSumExp);
        if (count == this.logSumExp.length) {
            int capacity = Math.max(256, count * 2);
            hidden = Arrays.copyOf(hidden, Math.multiplyExact(capacity, width));
            this.logSumExp = Arrays.copyOf(this.logSumExp, capacity);
        }
        System.arraycopy(state, 0, hidden, count * width, width);
        this.logSumExp[count++] = logSumExp;
    }

    /** How many positions. */
    public int count() {
        return count;
    }

    /** Values in a hidden state. */
    public int width() {
        return width;
    }

    /** The logit a head row would have at a position, relative to the log-sum-exp there. */
    double relativeLogit(int position, double[] row) {
        double sum = 0;
        int base = position * width;
        for (int i = 0; i < width; i++) sum += hidden[base + i] * row[i];
        return sum - logSumExp[position];
    }

    /** Adds {@code factor} times the hidden state of a position to {@code into}. */
    void addTo(double[] into, int position, double factor) {
        int base = position * width;
        for (int i = 0; i < width; i++) into[i] += factor * hidden[base + i];
    }
}
