package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/** {@link tk.quantize.scalar.Importance} for runs of values. */
final class ImportanceLanes {
    private ImportanceLanes() {}

    /**
     * Σx² of {@code count} runs of {@code length} values each, every sum from left to right: four
     * at a time, because each addition of a sum waits for the one before.
     */
    static void sumsOfSquares(float[] x, int from, int length, int count, float[] sums) {
        int run = 0;
        for (; run + 4 <= count; run += 4) {
            int a = from + run * length;
            int b = a + length;
            int c = b + length;
            int d = c + length;
            float sumA = 0;
            float sumB = 0;
            float sumC = 0;
            float sumD = 0;
            for (int i = 0; i < length; i++) {
                sumA += x[a + i] * x[a + i];
                sumB += x[b + i] * x[b + i];
                sumC += x[c + i] * x[c + i];
                sumD += x[d + i] * x[d + i];
            }
            sums[run] = sumA;
            sums[run + 1] = sumB;
            sums[run + 2] = sumC;
            sums[run + 3] = sumD;
        }
        for (; run < count; run++) {
            float sum = 0;
            for (int i = from + run * length; i < from + (run + 1) * length; i++)
                sum += x[i] * x[i];
            sums[run] = sum;
        }
    }

    /** {@code importance · √(sigma2 + x²)} of {@code count} values, a multiple of the lanes. */
    static void weights(
            float[] x,
            int from,
            int count,
            float sigma2,
            float[] importance,
            int column,
            float[] weights,
            int to) {
        for (int i = 0; i < count; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            FloatVector root = v.mul(v).add(sigma2).sqrt();
            FloatVector.fromArray(FLOATS, importance, column + i)
                    .mul(root)
                    .intoArray(weights, to + i);
        }
    }
}
