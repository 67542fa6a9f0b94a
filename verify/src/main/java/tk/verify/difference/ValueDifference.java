package tk.verify.difference;

import tk.quantize.FloatRows;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How two tensors of the same role differ.
 *
 * @param a the first's type and shape, under its file's name
 * @param b the second's
 * @param changed values that differ; all of the larger one's where the shapes do
 * @param maxAbs the largest difference of two values; infinite where one of them is not finite
 * @param rmse root of the mean square difference
 * @param nmse mean square difference over the mean square of the first
 * @param worstRow the row with the largest mean square difference
 */
public record ValueDifference(
        TensorInfo a,
        TensorInfo b,
        long changed,
        OptionalDouble maxAbs,
        OptionalDouble rmse,
        OptionalDouble nmse,
        long worstRow) {
    /** Rows are compared in runs of about so many values. */
    private static final int CHUNK = 1 << 18;

    /** Whether all values are equal; the types may differ. */
    public boolean isEqual() {
        return changed == 0;
    }

    /** Compares all values in F32, or, of types that no float stands for, the bytes. */
    static ValueDifference of(Tensor a, Tensor b) {
        TensorInfo first = a.info();
        TensorInfo second = b.info();
        boolean floats = FloatRows.canWiden(first.dtype()) && FloatRows.canWiden(second.dtype());
        if (!first.shape().equals(second.shape()) || !floats && first.dtype() != second.dtype()) {
            long larger = Math.max(first.shape().elements(), second.shape().elements());
            return without(a, b, larger);
        }
        return floats ? new Sums(a, b).run() : without(a, b, differentValues(a, b));
    }

    private static ValueDifference without(Tensor a, Tensor b, long changed) {
        return new ValueDifference(
                a.info(),
                b.info(),
                changed,
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                0);
    }

    private static long differentValues(Tensor a, Tensor b) {
        TensorInfo info = a.info();
        long rows = info.shape().rows();
        long width = info.dtype().blockBytes();
        long changed = 0;
        long step = Math.max(1, CHUNK / Math.max(1, info.shape().columns()));
        for (long first = 0; first < rows; first += step) {
            long count = Math.min(step, rows - first);
            long bytes = Math.multiplyExact(count, info.rowBytes());
            try (Scratch x = Scratch.borrow(bytes);
                    Scratch y = Scratch.borrow(bytes)) {
                a.readRows(first, count, x.segment());
                b.readRows(first, count, y.segment());
                if (x.segment().asSlice(0, bytes).mismatch(y.segment().asSlice(0, bytes)) < 0) {
                    continue;
                }
                for (long at = 0; at < bytes; at += width) {
                    if (x.segment().asSlice(at, width).mismatch(y.segment().asSlice(at, width))
                            >= 0) {
                        changed++;
                    }
                }
            }
        }
        return changed;
    }

    /** Differences added up in double. */
    private static final class Sums {
        private final Tensor a;
        private final Tensor b;
        private long changed;
        private double maxAbs;
        private double squares;
        private double reference;
        private long worstRow;
        private double worst = -1;

        Sums(Tensor a, Tensor b) {
            this.a = a;
            this.b = b;
        }

        ValueDifference run() {
            long rows = a.info().shape().rows();
            int columns = Math.toIntExact(a.info().shape().columns());
            int step = Math.max(1, CHUNK / Math.max(1, columns));
            float[] x = new float[Math.toIntExact(Math.min(rows, step) * columns)];
            float[] y = new float[x.length];
            for (long first = 0; first < rows; first += step) {
                int count = (int) Math.min(step, rows - first);
                FloatRows.read(a, first, count, x);
                FloatRows.read(b, first, count, y);
                for (int row = 0; row < count; row++)
                    addRow(first + row, row * columns, columns, x, y);
            }
            double values = Math.max(1, (double) rows * columns);
            double nmse = squares == 0 ? 0 : squares / Math.max(reference, Double.MIN_NORMAL);
            return new ValueDifference(
                    a.info(),
                    b.info(),
                    changed,
                    OptionalDouble.of(maxAbs),
                    OptionalDouble.of(Math.sqrt(squares / values)),
                    OptionalDouble.of(nmse),
                    worstRow);
        }

        private void addRow(long row, int from, int columns, float[] x, float[] y) {
            double rowSquares = 0;
            for (int i = from; i < from + columns; i++) {
                reference += (double) x[i] * x[i];
                if (x[i] == y[i] || Float.isNaN(x[i]) && Float.isNaN(y[i])) continue;
                changed++;
                double difference = Math.abs((double) x[i] - y[i]);
                if (Double.isNaN(difference)) difference = Double.POSITIVE_INFINITY;
                maxAbs = Math.max(maxAbs, difference);
                rowSquares += difference * difference;
            }
            squares += rowSquares;
            if (rowSquares > worst) {
                worst = rowSquares;
                worstRow = row;
            }
        }
    }

    /** What the two files call it, once where they agree. */
    public String names() {
        return a.name().equals(b.name()) ? a.name() : a.name() + " | " + b.name();
    }

    /** The types, where they differ. */
    public Optional<String> types() {
        return a.dtype() == b.dtype()
                ? Optional.empty()
                : Optional.of(a.dtype() + " | " + b.dtype());
    }
}
