package tk.convert.lora;

import tk.tensor.Tensor;

/** DoRA's scaling of an unmerged layer's outputs, for {@link Probe}. */
final class Dora {
    private Dora() {}

    /**
     * {@code y_i = m_i / ‖W_i + s·(BA)_i‖ · y_i}; of an embedding, whose columns are scaled, {@code
     * y_i = Σ_j f_j·(W + s·BA)_ij·x_j}.
     *
     * @param weight W, before this adapter
     * @param left (rows, r) from row {@code first} on
     * @param right (r, columns)
     */
    static void scale(
            Merge.Step step,
            LowRank low,
            Tensor weight,
            double[][] left,
            double[][] right,
            double s,
            long first,
            double[] x,
            double[] y,
            double[] slack) {
        double[] magnitude = Probe.all(low.magnitude().orElseThrow())[0];
        Tensor own = replaced(step, low, weight);
        if (low.embedding()) {
            double[] factors = columnFactors(low, own, right, s, magnitude);
            double[][] rows = Probe.rows(own, first, y.length);
            // The merge sums a column's squares in F32, one after another.
            double sums =
                    Math.max(0x1p-19, Math.sqrt((double) own.info().shape().rows()) * 0x1p-23);
            for (int i = 0; i < y.length; i++) {
                double sum = 0;
                double most = 0;
                addTo(rows[i], left[i], right, s);
                for (int j = 0; j < x.length; j++) {
                    double term = factors[j] * rows[i][j] * x[j];
                    sum += term;
                    most += Math.abs(term);
                }
                y[i] = sum;
                slack[i] = slack[i] * largest(factors) + most * sums;
            }
            return;
        }
        double[][] rows = Probe.rows(own, first, y.length);
        for (int i = 0; i < y.length; i++) {
            addTo(rows[i], left[i], right, s);
            double factor = magnitude[(int) first + i] / Math.sqrt(Probe.dot(rows[i], rows[i]));
            y[i] *= factor;
            slack[i] *= Math.abs(factor);
        }
    }

    private static Tensor replaced(Merge.Step step, LowRank low, Tensor weight) {
        String name = low.module() + BaseModules.WEIGHT;
        Tensor saved = step.plan().saved().get(name);
        if (saved != null) return saved;
        return step.plan().underFactors().getOrDefault(name, weight);
    }

    private static double[] columnFactors(
            LowRank low, Tensor weight, double[][] right, double s, double[] magnitude) {
        double[][] a = Probe.all(low.a()); // (r, vocabulary)
        double[] squares = new double[magnitude.length];
        double[] left = new double[a.length];
        for (long i = 0; i < weight.info().shape().rows(); i++) {
            double[] row = Probe.rows(weight, i, 1)[0];
            for (int k = 0; k < a.length; k++) left[k] = a[k][(int) i];
            addTo(row, left, right, s);
            for (int j = 0; j < row.length; j++) squares[j] += row[j] * row[j];
        }
        double[] factors = new double[magnitude.length];
        for (int j = 0; j < factors.length; j++) factors[j] = magnitude[j] / Math.sqrt(squares[j]);
        return factors;
    }

    private static void addTo(double[] row, double[] left, double[][] right, double s) {
        for (int k = 0; k < left.length; k++) {
            double b = s * left[k];
            for (int j = 0; j < row.length; j++) row[j] += b * right[k][j];
        }
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double value : values) largest = Math.max(largest, Math.abs(value));
        return largest;
    }
}
