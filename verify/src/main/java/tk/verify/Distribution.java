package tk.verify;

import java.util.Arrays;

/** The values a measurement took, for their mean and their quantiles. Immutable. */
public final class Distribution {
    private final double[] sorted;
    private final double mean;

    private Distribution(double[] sorted) {
        this.sorted = sorted;
        double sum = 0;
        for (double value : sorted) sum += value;
        this.mean = sorted.length == 0 ? 0 : sum / sorted.length;
    }

    /** Of the first {@code count} of these finite values; copied. */
    public static Distribution of(double[] values, int count) {
        double[] copy = Arrays.copyOf(values, count);
        Arrays.sort(copy);
        return new Distribution(copy);
    }

    /** How many values. */
    public int count() {
        return sorted.length;
    }

    /** Their mean; 0 of none. */
    public double mean() {
        return mean;
    }

    /** The largest; 0 of none. */
    public double max() {
        return sorted.length == 0 ? 0 : sorted[sorted.length - 1];
    }

    /**
     * The value that a share {@code q} of all values does not exceed, linear between neighbours as
     * NumPy and llama-perplexity have it; 0 of none.
     *
     * @param q between 0 and 1
     */
    public double quantile(double q) {
        if (sorted.length == 0) return 0;
        double place = q * (sorted.length - 1);
        int below = (int) place;
        if (below + 1 >= sorted.length) return sorted[sorted.length - 1];
        double part = place - below;
        return (1 - part) * sorted[below] + part * sorted[below + 1];
    }

    /** How many values lie in {@code [from, to)}. */
    public int countWithin(double from, double to) {
        return firstAtLeast(to) - firstAtLeast(from);
    }

    private int firstAtLeast(double bound) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < bound) low = middle + 1;
            else high = middle;
        }
        return low;
    }
}
