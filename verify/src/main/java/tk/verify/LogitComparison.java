package tk.verify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Compares two models' logits position by position, in constant memory but for a few numbers a
 * position.
 *
 * <p>Softmax and all sums are in double: the divergence of two nearly equal distributions is a
 * difference of nearly equal numbers. Not thread-safe.
 */
public final class LogitComparison {
    private static final int WORST = 12;
    private static final int TOP = 5;

    private final int vocabulary;
    private final PriorityQueue<LogitStatistics.Position> worst =
            new PriorityQueue<>(Comparator.comparingDouble(LogitStatistics.Position::kl));

    private double[] kl = new double[256];
    private double[] added = new double[256];
    private double knowledge;
    private int compared;
    private int nonFinite;
    private double maxAbs;
    private double squaredError;
    private double squaredReference;
    private int top1Equal;
    private long top5Shared;
    private double regret;

    /**
     * A comparison over the first {@code vocabulary} tokens.
     *
     * @param vocabulary the reference's vocabulary size
     */
    public LogitComparison(int vocabulary) {
        if (vocabulary < 1) throw new IllegalArgumentException("a vocabulary of " + vocabulary);
        this.vocabulary = vocabulary;
    }

    /**
     * Adds one position.
     *
     * @param prompt which prompt, from 0
     * @param position index into the prompt
     * @param reference {@code [vocabulary]}; longer arrays are read up to there
     * @param candidate {@code [≥ vocabulary]}; what lies beyond are added tokens
     */
    public void add(int prompt, int position, float[] reference, float[] candidate) {
        if (reference.length < vocabulary || candidate.length < vocabulary) {
            throw new IllegalArgumentException(
                    "%d and %d logits, expected at least %d"
                            .formatted(reference.length, candidate.length, vocabulary));
        }
        if (!finite(reference, vocabulary) || !finite(candidate, candidate.length)) {
            nonFinite++;
            return;
        }
        double referenceTotal = logSumExp(reference, vocabulary);
        double candidateTotal = logSumExp(candidate, vocabulary);
        double divergence = 0;
        for (int token = 0; token < vocabulary; token++) {
            double difference = (double) candidate[token] - reference[token];
            maxAbs = Math.max(maxAbs, Math.abs(difference));
            squaredError += difference * difference;
            squaredReference += (double) reference[token] * reference[token];
            double logP = reference[token] - referenceTotal;
            double logQ = candidate[token] - candidateTotal;
            double p = Math.exp(logP);
            divergence += p * (logP - logQ);
            if (p > 0) knowledge += p * logP;
        }
        // It cannot be negative; rounding of equal distributions may make it so by 1e-17.
        divergence = Math.max(0, divergence);

        int[] expected = top(reference);
        int[] found = top(candidate);
        if (expected[0] == found[0]) top1Equal++;
        top5Shared += shared(expected, found);
        regret += reference[expected[0]] - (double) reference[found[0]];

        if (compared == kl.length) {
            kl = Arrays.copyOf(kl, 2 * compared);
            added = Arrays.copyOf(added, 2 * compared);
        }
        kl[compared] = divergence;
        added[compared] =
                candidate.length == vocabulary
                        ? 0
                        : Math.max(0, logSumExp(candidate, candidate.length) - candidateTotal);
        compared++;
        worst.add(
                new LogitStatistics.Position(prompt, position, divergence, expected[0], found[0]));
        if (worst.size() > WORST) worst.remove();
    }

    /** The figures so far. */
    public LogitStatistics statistics() {
        List<LogitStatistics.Position> positions = new ArrayList<>(worst);
        positions.sort(Comparator.comparingDouble(LogitStatistics.Position::kl).reversed());
        double n = Math.max(1, compared);
        return new LogitStatistics(
                compared + nonFinite,
                nonFinite,
                maxAbs,
                squaredError == 0
                        ? 0
                        : squaredError / Math.max(squaredReference, Double.MIN_NORMAL),
                Distribution.of(kl, compared),
                top1Equal / n,
                top5Shared / (n * Math.min(TOP, vocabulary)),
                regret / n,
                Distribution.of(added, compared),
                1 + knowledge / n / Math.log(Math.max(2, vocabulary)),
                positions);
    }

    /** ln Σ exp(logit), over the first {@code count}. */
    static double logSumExp(float[] logits, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) max = Math.max(max, logits[i]);
        double sum = 0;
        for (int i = 0; i < count; i++) sum += Math.exp(logits[i] - max);
        return max + Math.log(sum);
    }

    private static boolean finite(float[] logits, int count) {
        for (int i = 0; i < count; i++) {
            if (!Float.isFinite(logits[i])) return false;
        }
        return true;
    }

    /** The likeliest tokens, likeliest first; of equals the lowest id first. */
    private int[] top(float[] logits) {
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
