package tk.convert.gguf;

import tk.hf.RopeScaling.Llama3;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/**
 * The settings of Llama 3's scaling that give a file's {@code rope_freqs.weight}.
 *
 * <p>Contexts, low and high factors count only by their quotients, so several settings give the
 * same factors; those that published models have are tried first. Where none of them does, the two
 * bounds are found from the factors between them, where {@code 1 / factor} grows in proportion to
 * the frequency.
 */
final class RopeFactorsFit {
    private static final List<Double> LOW = List.of(1.0, 2.0, 4.0);
    private static final List<Double> HIGH = List.of(4.0, 2.0, 3.0, 8.0, 16.0, 32.0);

    /** Whose size doesn't matter, since both bounds are given as multiples of it. */
    private static final int ANY_CONTEXT = 8192;

    private final float[] factors;
    private final double theta;
    private final double largest;

    private RopeFactorsFit(float[] factors, double theta, double largest) {
        this.factors = factors;
        this.theta = theta;
        this.largest = largest;
    }

    /**
     * The settings.
     *
     * @param factors as {@link RopeFactors#of} gives them, or off by the last bits of another's
     *     power function
     */
    static Optional<Llama3> of(float[] factors, double theta) {
        float largest = 0;
        for (float factor : factors) largest = Math.max(largest, factor);
        if (!(largest >= 1)) return Optional.empty();
        double exact = new BigDecimal(Float.toString(largest)).doubleValue();
        RopeFactorsFit fit = new RopeFactorsFit(factors, theta, exact);
        return fit.usual().or(fit::bounds);
    }

    private Optional<Llama3> usual() {
        for (double low : LOW) {
            for (double high : HIGH) {
                if (high <= low) continue;
                for (int context = 1 << 20; context >= 32; context /= 2) {
                    Llama3 scaling = new Llama3(largest, low, high, context);
                    if (gives(scaling)) return Optional.of(scaling);
                }
            }
        }
        return Optional.empty();
    }

    /** From the factors that lie between 1 and the largest. */
    private Optional<Llama3> bounds() {
        int first = 0;
        while (first < factors.length && factors[first] <= 1) first++;
        int last = factors.length - 1;
        while (last >= first && factors[last] >= largest) last--;
        if (last < first) return between(cycles(last + 1), cycles(last));
        if (first == last) return throughOne(first);
        double slope =
                (1.0 / factors[first] - 1.0 / factors[last]) / (cycles(first) - cycles(last));
        return between(
                cycles(last) + (1 / largest - 1.0 / factors[last]) / slope,
                cycles(first) + (1 - 1.0 / factors[first]) / slope);
    }

    /** With one factor between, one of the bounds may be at a neighbour. */
    private Optional<Llama3> throughOne(int i) {
        double share = (1.0 / factors[i] - 1 / largest) / (1 - 1 / largest);
        double high = cycles(i - 1);
        double low = (cycles(i) - share * high) / (1 - share);
        if (low >= cycles(i + 1)) return between(low, high);
        low = cycles(i + 1);
        return between(low, (cycles(i) - (1 - share) * low) / share);
    }

    private Optional<Llama3> between(double low, double high) {
        if (!(low > 0 && high > low && Double.isFinite(high))) return Optional.empty();
        return Optional.of(new Llama3(largest, ANY_CONTEXT * low, ANY_CONTEXT * high, ANY_CONTEXT))
                .filter(this::gives);
    }

    /** How often a frequency goes round from one position to the next. */
    private double cycles(int i) {
        return StrictMath.pow(theta, -(double) i / factors.length) / (2 * Math.PI);
    }

    private boolean gives(Llama3 scaling) {
        float[] given = RopeFactors.of(scaling, theta, 2 * factors.length);
        for (int i = 0; i < factors.length; i++) {
            if (!(Math.abs(given[i] - factors[i]) <= 1e-5f * Math.abs(factors[i]))) return false;
        }
        return true;
    }
}
