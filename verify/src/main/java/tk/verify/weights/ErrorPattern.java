package tk.verify.weights;

import tk.quantize.FloatRows;
import tk.tensor.Tensor;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * Whether a quantized tensor differs from its source by more than rounding, where its codes alone
 * don't tell: a quantizer that compensates errors or learns its rounding leaves many codes beside
 * the nearest, but its errors stay without a pattern.
 *
 * <ul>
 *   <li>Rounding errors hardly go with the values: the factor that would bring the target nearest
 *       to the source is 1, less the normalised error at most. Another scale shows here.
 *   <li>They have no direction: the largest singular value of a matrix of independent errors is at
 *       most about the largest norm of a row and of a column together (Bandeira and van Handel,
 *       <i>Sharp nonasymptotic bounds on the norm of random matrices with independent entries</i>,
 *       2016). A change of low rank, a LoRA's for example, exceeds that long before it is as large
 *       as the rounding.
 * </ul>
 *
 * <p>Measured on Gaussian weights of up to 6,000 rows or 3,000 columns in 3 to 5 bits, rounded to
 * nearest and with errors compensated as GPTQ does, for inputs from independent to nearly equal:
 * factor − 1 between −1.14 and −0.75 times the normalised error, direction 0.84 to 1.14. {@code
 * ErrorPatternTest} has such errors.
 *
 * @param factor Σ source · target / Σ target²
 * @param nmse Σ (target − source)² / Σ source²
 * @param direction the largest singular value of the errors over what independent ones reach
 * @param values how many were looked at
 */
record ErrorPattern(double factor, double nmse, double direction, long values) {
    /** About as many values are looked at, in rows evenly spread: 16 MiB. */
    private static final int SAMPLE = 1 << 22;

    /**
     * Errors made good in the next column are not independent: with many more rows than columns
     * their direction tends to the root of 2.
     */
    private static final double LARGEST_DIRECTION = 1.5;

    /** Enough for what lies above the limit to stand out from what lies below. */
    private static final int ITERATIONS = 24;

    /** Looks at rows of the two. */
    static ErrorPattern of(Tensor source, Tensor target, long rows) {
        int columns = Math.toIntExact(source.info().shape().columns());
        int count = (int) Math.min(rows, Math.max(1, SAMPLE / Math.max(1, columns)));
        float[] errors = new float[Math.multiplyExact(count, columns)];
        float[] expected = new float[columns];
        float[] found = new float[columns];
        double products = 0;
        double squaredFound = 0;
        double squaredExpected = 0;
        double squaredErrors = 0;
        for (int i = 0; i < count; i++) {
            long row = i * rows / count;
            FloatRows.read(source, row, 1, expected);
            FloatRows.read(target, row, 1, found);
            for (int j = 0; j < columns; j++) {
                double x = expected[j];
                double y = found[j];
                errors[i * columns + j] = (float) (y - x);
                products += x * y;
                squaredFound += y * y;
                squaredExpected += x * x;
                squaredErrors += (y - x) * (y - x);
            }
        }
        if (squaredErrors == 0 || squaredFound == 0 || squaredExpected == 0) {
            return new ErrorPattern(1, squaredErrors == 0 ? 0 : 1, 0, errors.length);
        }
        return new ErrorPattern(
                products / squaredFound,
                squaredErrors / squaredExpected,
                largestSingularValue(errors, count, columns)
                        / independentErrors(errors, count, columns),
                errors.length);
    }

    /** What shows that the target was made of other values, if anything does. */
    Optional<String> finding() {
        double chance = 5 * Math.sqrt(nmse / values);
        double off = factor - 1;
        if (off < -1.5 * nmse - chance || off > 0.5 * nmse + chance) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "the values are %.4f times the source's, more than rounding explains",
                            1 / factor));
        }
        if (direction > LARGEST_DIRECTION) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "the errors share a direction (%.2f times what independent ones do), as where a LoRA is missing or scaled wrongly",
                            direction));
        }
        return Optional.empty();
    }

    /** By power iteration. */
    private static double largestSingularValue(float[] matrix, int rows, int columns) {
        double[] right = new SplittableRandom(1).doubles(columns, -1, 1).toArray();
        double[] sum = new double[columns];
        double value = 0;
        for (int pass = 0; pass < ITERATIONS; pass++) {
            double norm = Math.sqrt(squares(right));
            if (norm == 0) return 0;
            for (int j = 0; j < columns; j++) right[j] /= norm;
            Arrays.fill(sum, 0);
            double squared = 0;
            for (int i = 0; i < rows; i++) {
                double left = 0;
                for (int j = 0; j < columns; j++) left += matrix[i * columns + j] * right[j];
                for (int j = 0; j < columns; j++) sum[j] += matrix[i * columns + j] * left;
                squared += left * left;
            }
            value = Math.sqrt(squared);
            System.arraycopy(sum, 0, right, 0, columns);
        }
        return value;
    }

    /** The largest norm of a row and the largest of a column. */
    private static double independentErrors(float[] matrix, int rows, int columns) {
        double[] byColumn = new double[columns];
        double largestRow = 0;
        for (int i = 0; i < rows; i++) {
            double row = 0;
            for (int j = 0; j < columns; j++) {
                double squared = (double) matrix[i * columns + j] * matrix[i * columns + j];
                row += squared;
                byColumn[j] += squared;
            }
            largestRow = Math.max(largestRow, row);
        }
        double largestColumn = Arrays.stream(byColumn).max().orElse(0);
        return Math.sqrt(largestRow) + Math.sqrt(largestColumn);
    }

    private static double squares(double[] vector) {
        double sum = 0;
        for (double x : vector) sum += x * x;
        return sum;
    }
}
