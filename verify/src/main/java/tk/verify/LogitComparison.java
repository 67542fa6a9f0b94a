package tk.verify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Adds up how two models' logits compare at many positions, in constant memory but for a few
 * numbers a position. Not thread-safe; the positions themselves can be compared in parallel.
 */
public final class LogitComparison {
    private static final int WORST = 12;

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
        add(prompt, position, PositionComparison.of(reference, candidate, vocabulary));
    }

    /** Adds a position that was compared. */
    void add(int prompt, int position, PositionComparison at) {
        if (!at.isFinite()) {
            nonFinite++;
            return;
        }
        maxAbs = Math.max(maxAbs, at.maxAbs());
        squaredError += at.squaredError();
        squaredReference += at.squaredReference();
        knowledge += at.knowledge();
        if (at.expected() == at.found()) top1Equal++;
        top5Shared += at.topShared();
        regret += at.regret();
        if (compared == kl.length) {
            kl = Arrays.copyOf(kl, 2 * compared);
            added = Arrays.copyOf(added, 2 * compared);
        }
        kl[compared] = at.kl();
        added[compared] = at.added();
        compared++;
        worst.add(
                new LogitStatistics.Position(prompt, position, at.kl(), at.expected(), at.found()));
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
                top5Shared / (n * Math.min(PositionComparison.TOP, vocabulary)),
                regret / n,
                Distribution.of(added, compared),
                1 + knowledge / n / Math.log(Math.max(2, vocabulary)),
                positions);
    }
}
