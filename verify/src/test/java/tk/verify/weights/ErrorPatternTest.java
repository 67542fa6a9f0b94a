package tk.verify.weights;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

class ErrorPatternTest {
    private static final int ROWS = 384;
    private static final int COLUMNS = 256;
    private static final float STEP = 0.4f;

    /**
     * What GPTQ does where each input is {@code share} of the one before and something new: each
     * error is made good in the next column.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 0.9, 0.99})
    void findsNothingInCompensatedErrors(double share) {
        float[] values = weights();
        assertThat(pattern(values, compensated(values, share)).finding()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.5, 0.9})
    void findsAnotherScaleAndAMissingLoraInThem(double share) {
        float[] values = weights();
        float[] larger = values.clone();
        float[] merged = values.clone();
        SplittableRandom random = new SplittableRandom(2);
        double[] a = random.doubles(COLUMNS, -1, 1).toArray();
        double[] b = random.doubles(ROWS, -1, 1).toArray();
        for (int i = 0; i < values.length; i++) {
            larger[i] *= 1.03f;
            merged[i] += (float) (0.3 * b[i / COLUMNS] * a[i % COLUMNS]);
        }
        assertThat(pattern(values, compensated(larger, share)).finding())
                .get()
                .asString()
                .contains("times the source's");
        assertThat(pattern(merged, compensated(values, share)).finding())
                .get()
                .asString()
                .contains("share a direction");
    }

    private static float[] weights() {
        SplittableRandom random = new SplittableRandom(1);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    private static float[] compensated(float[] values, double share) {
        float[] coded = new float[values.length];
        for (int row = 0; row < ROWS; row++) {
            double carried = 0;
            for (int i = row * COLUMNS; i < (row + 1) * COLUMNS; i++) {
                double wanted = values[i] + carried;
                coded[i] = STEP * Math.round(wanted / STEP);
                carried = share * (wanted - coded[i]);
            }
        }
        return coded;
    }

    private static ErrorPattern pattern(float[] source, float[] target) {
        return ErrorPattern.of(tensor(source), tensor(target), ROWS);
    }

    private static Tensor tensor(float[] values) {
        TensorInfo info = new TensorInfo("t", DType.F32, new Shape(ROWS, COLUMNS));
        byte[] bytes = new byte[(int) info.byteSize()];
        Scalars.narrow(DType.F32, values, 0, MemorySegment.ofArray(bytes), 0, values.length);
        return new TensorComparisonTest.Bytes(info, bytes);
    }
}
