package tk.verify;

/**
 * What two models expect after the same tokens, compared at one position.
 *
 * <p>Softmax and all sums are in double: the divergence of two nearly equal distributions is a
 * difference of nearly equal numbers.
 *
 * @param kl divergence of the candidate's distribution from the reference's, nats
 * @param knowledge {@code Σ p ln p} of the reference
 * @param added nats that tokens beyond the reference's vocabulary cost
 * @param maxAbs the largest difference of two logits
 * @param squaredError {@code Σ (candidate − reference)²}
 * @param squaredReference {@code Σ reference²}
 * @param expected the reference's likeliest token
 * @param found the candidate's
 * @param topShared how many of the likeliest {@link #TOP} both have
 * @param regret nats, by the reference's judgement, that its choice is likelier than the
 *     candidate's
 */
record PositionComparison(
        double kl,
        double knowledge,
        double added,
        double maxAbs,
        double squaredError,
        double squaredReference,
        int expected,
        int found,
        int topShared,
        double regret) {
    /** How many of the likeliest tokens are looked at. */
    static final int TOP = 5;

    /** Of a position where either side has a NaN or an infinity: nothing can be compared. */
    static final PositionComparison NON_FINITE =
            new PositionComparison(Double.NaN, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /**
     * Compares.
     *
     * @param reference {@code [≥ vocabulary]}, read up to there
     * @param candidate {@code [≥ vocabulary]}; what lies beyond are added tokens
     */
    static PositionComparison of(float[] reference, float[] candidate, int vocabulary) {
        if (!finite(reference, vocabulary) || !finite(candidate, candidate.length)) {
            return NON_FINITE;
        }
        double maxP = max(reference, 0, vocabulary);
        double maxQ = max(candidate, 0, vocabulary);
        double sumP = 0;
        double sumQ = 0;
        double divergence = 0; // Σ e^(r − maxP) · ((r − maxP) − (c − maxQ))
        double knowledge = 0; // Σ e^(r − maxP) · (r − maxP)
        double maxAbs = 0;
        double squaredError = 0;
        double squaredReference = 0;
        for (int token = 0; token < vocabulary; token++) {
            double r = reference[token];
            double c = candidate[token];
            double difference = c - r;
            maxAbs = Math.max(maxAbs, Math.abs(difference));
            squaredError += difference * difference;
            squaredReference += r * r;
            double p = Math.exp(r - maxP);
            sumP += p;
            sumQ += Math.exp(c - maxQ);
            divergence += p * ((r - maxP) - (c - maxQ));
            knowledge += p * (r - maxP);
        }
        double totalP = Math.log(sumP);
        double totalQ = Math.log(sumQ);
        int[] expected = top(reference, vocabulary);
        int[] found = top(candidate, vocabulary);
        return new PositionComparison(
                // It cannot be negative; rounding of equal distributions may make it so by 1e-15.
                Math.max(0, divergence / sumP - totalP + totalQ),
                knowledge / sumP - totalP,
                added(candidate, vocabulary, maxQ + totalQ),
                maxAbs,
                squaredError,
                squaredReference,
                expected[0],
                found[0],
                shared(expected, found),
                reference[expected[0]] - (double) reference[found[0]]);
    }

    /** Whether both sides had numbers. */
    boolean isFinite() {
        return !Double.isNaN(kl);
    }

    /** {@code ln(1 + e^z)} for z = ln Σ e^logit of the added tokens − the same of the others. */
    private static double added(float[] candidate, int vocabulary, double total) {
        if (candidate.length == vocabulary) return 0;
        double max = max(candidate, vocabulary, candidate.length);
        double sum = 0;
        for (int i = vocabulary; i < candidate.length; i++) sum += Math.exp(candidate[i] - max);
        double z = max + Math.log(sum) - total;
        return z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z));
    }

    private static double max(float[] logits, int from, int to) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < to; i++) max = Math.max(max, logits[i]);
        return max;
    }

    private static boolean finite(float[] logits, int count) {
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(logits[i])) return false;
        }
        return true;
    }

    /** The likeliest tokens, likeliest first; of equals the lowest id first. */
    private static int[] top(float[] logits, int vocabulary) {
        int[] best = new int[Math.min(TOP, vocabulary)];
        int size = 0;
        for (int token = 0; token < vocabulary; token++) {
            float value = logits[token];
            if (size == best.length && value <= logits[best[size - 1]]) continue;
            int place = size < best.length ? size++ : size - 1;
            while (place > 0 && logits[best[place - 1]] < value) {
                best[place] = best[place - 1];
                place--;
            }
            best[place] = token;
        }
        return best;
    }

    private static int shared(int[] a, int[] b) {
        int count = 0;
        for (int x : a) {
            for (int y : b) {
                if (x == y) count++;
            }
        }
        return count;
    }
}
