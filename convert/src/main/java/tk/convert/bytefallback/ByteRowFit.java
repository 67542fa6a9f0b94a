package tk.convert.bytefallback;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * The row that 256 added tokens share in the head, chosen so that they take next to no probability
 * from the others.
 *
 * <p>A head has no bias to push a token down, so a row w must do it against every hidden state h:
 * with logits whose log-sum-exp is L, the tokens cost log(1 + 256·exp(h·w − L)) nats. The mean of
 * that plus a small λ‖w‖² is convex in w; limited-memory BFGS (Nocedal and Wright, Numerical
 * Optimization, algorithm 7.4) finds its minimum.
 *
 * @param row the fitted row
 * @param cost what it costs on the positions it was fitted on
 */
public record ByteRowFit(float[] row, Cost cost) {
    private static final double LOG_TOKENS = Math.log(256);
    private static final double LAMBDA = 1e-6;
    private static final int MEMORY = 10;
    private static final int MAX_STEPS = 300;

    /**
     * The price of the added tokens.
     *
     * @param meanNats added loss a token, in nats
     * @param worstNats the largest at one position
     * @param positions how many positions were measured
     */
    public record Cost(double meanNats, double worstNats, int positions) {}

    /** Fits the row. */
    public static ByteRowFit on(Calibration calibration) {
        int n = calibration.width();
        double[] w = new double[n];
        double[] gradient = new double[n];
        double value = evaluate(calibration, w, gradient);
        Deque<Pair> pairs = new ArrayDeque<>();
        for (int step = 0; step < MAX_STEPS && norm(gradient) > 1e-9; step++) {
            double[] direction = direction(gradient, pairs);
            double slope = dot(gradient, direction);
            if (slope >= 0) {
                pairs.clear();
                direction = scaled(gradient, -1);
                slope = -dot(gradient, gradient);
            }
            double length = pairs.isEmpty() ? Math.min(1, 1 / norm(gradient)) : 1;
            double[] next = new double[n];
            double[] nextGradient = new double[n];
            double nextValue = Double.POSITIVE_INFINITY;
            // Armijo's rule: halve the step until it gains what its slope promises a part of.
            for (int halvings = 0; halvings < 50; halvings++, length /= 2) {
                for (int i = 0; i < n; i++) next[i] = w[i] + length * direction[i];
                nextValue = evaluate(calibration, next, nextGradient);
                if (nextValue <= value + 1e-4 * length * slope) break;
            }
            if (!(nextValue < value)) break;
            remember(pairs, w, next, gradient, nextGradient);
            boolean converged = value - nextValue < 1e-9 * Math.max(1e-3, value);
            w = next;
            gradient = nextGradient;
            value = nextValue;
            if (converged) break;
        }
        float[] row = new float[n];
        for (int i = 0; i < n; i++) row[i] = (float) w[i];
        return new ByteRowFit(row, cost(row, calibration));
    }

    /** What 256 tokens sharing {@code row} cost on these positions. */
    public static Cost cost(float[] row, Calibration calibration) {
        double[] w = new double[row.length];
        for (int i = 0; i < row.length; i++) w[i] = row[i];
        double sum = 0;
        double worst = 0;
        for (int i = 0; i < calibration.count(); i++) {
            double nats = softplus(calibration.relativeLogit(i, w) + LOG_TOKENS);
            sum += nats;
            worst = Math.max(worst, nats);
        }
        return new Cost(
                calibration.count() == 0 ? 0 : sum / calibration.count(),
                worst,
                calibration.count());
    }

    /**
     * What adding 256 tokens with logit {@code logit} each costs where the others' log-sum-exp is
     * given.
     */
    public static double addedNats(double logit, double logSumExp) {
        return softplus(logit - logSumExp + LOG_TOKENS);
    }

    private static double evaluate(Calibration calibration, double[] w, double[] gradient) {
        java.util.Arrays.fill(gradient, 0);
        int count = calibration.count();
        double sum = 0;
        for (int i = 0; i < count; i++) {
            double z = calibration.relativeLogit(i, w) + LOG_TOKENS;
            sum += softplus(z);
            calibration.addTo(gradient, i, sigmoid(z) / count);
        }
        for (int i = 0; i < w.length; i++) gradient[i] += 2 * LAMBDA * w[i];
        return sum / count + LAMBDA * dot(w, w);
    }

    /**
     * A step w→w' with its change of gradient: one piece of what BFGS knows about the curvature.
     */
    private record Pair(double[] step, double[] change, double inverseProduct) {}

    private static void remember(
            Deque<Pair> pairs, double[] w, double[] next, double[] g, double[] nextG) {
        double[] step = difference(next, w);
        double[] change = difference(nextG, g);
        double product = dot(step, change);
        if (product <= 1e-30) return;
        if (pairs.size() == MEMORY) pairs.removeFirst();
        pairs.addLast(new Pair(step, change, 1 / product));
    }

    private static double[] direction(double[] gradient, Deque<Pair> pairs) {
        double[] q = scaled(gradient, -1);
        double[] alphas = new double[pairs.size()];
        int k = pairs.size();
        for (Iterator<Pair> it = pairs.descendingIterator(); it.hasNext(); ) {
            Pair pair = it.next();
            alphas[--k] = pair.inverseProduct() * dot(pair.step(), q);
            add(q, -alphas[k], pair.change());
        }
        if (!pairs.isEmpty()) {
            Pair last = pairs.getLast();
            double scale = 1 / (last.inverseProduct() * dot(last.change(), last.change()));
            for (int i = 0; i < q.length; i++) q[i] *= scale;
        }
        for (Pair pair : pairs) {
            double beta = pair.inverseProduct() * dot(pair.change(), q);
            add(q, alphas[k++] - beta, pair.step());
        }
        return q;
    }

    private static double softplus(double z) {
        return z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z));
    }

    private static double sigmoid(double z) {
        return z > 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
        return sum;
    }

    private static double norm(double[] a) {
        return Math.sqrt(dot(a, a));
    }

    private static double[] scaled(double[] a, double factor) {
        double[] result = new double[a.length];
        for (int i = 0; i < a.length; i++) result[i] = a[i] * factor;
        return result;
    }

    private static double[] difference(double[] a, double[] b) {
        double[] result = new double[a.length];
        for (int i = 0; i < a.length; i++) result[i] = a[i] - b[i];
        return result;
    }

    private static void add(double[] into, double factor, double[] a) {
        for (int i = 0; i < a.length; i++) into[i] += factor * a[i];
    }
}
