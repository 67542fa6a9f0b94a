package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Scalars;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Vector kernels against plain loops in double, at awkward sizes. */
class KernelsTest {
    private final Kernels kernels = Kernels.best();
    private final SplittableRandom random = new SplittableRandom(3);

    private float[] gaussian(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1",
        "3, 5, 1",
        "8, 512, 1",
        "9, 513, 2",
        "17, 700, 3",
        "64, 1030, 2",
        "7, 33, 5"
    })
    void productsAreSums(int rows, int depth, int vectors) {
        for (int columns : new int[] {1, vectors * kernels.lanes()}) {
            int wStride = depth + 3;
            int xStride = columns == 1 ? 1 : columns + kernels.lanes();
            int outStride = columns + 5;
            float[] w = gaussian(2 + rows * wStride);
            float[] x = gaussian(4 + depth * xStride);
            float[] out = gaussian(1 + rows * outStride);
            kernels.multiply(w, 2, wStride, rows, depth, x, 4, xStride, columns, out, 1, outStride);
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    double sum = 0;
                    double size = 0;
                    for (int k = 0; k < depth; k++) {
                        double term = (double) w[2 + r * wStride + k] * x[4 + k * xStride + c];
                        sum += term;
                        size += Math.abs(term);
                    }
                    assertThat((double) out[1 + r * outStride + c])
                            .isCloseTo(sum, within(1e-6 * size + 1e-12));
                }
            }
        }
    }

    @Test
    void exponentialsAreRightToTwoUnits() {
        float[] x = new float[5003];
        for (int i = 0; i < x.length; i++) x[i] = -87.3f + i * (175.5f / x.length);
        float[] e = x.clone();
        kernels.exp(e, 0, e.length);
        for (int i = 0; i < x.length; i++) {
            double expected = Math.exp(x[i]);
            assertThat((double) e[i]).isCloseTo(expected, within(2.5e-7 * expected));
        }
    }

    @Test
    void whatIsHiddenHasNoWeight() {
        float[] x = new float[kernels.lanes() + 1];
        java.util.Arrays.fill(x, Float.NEGATIVE_INFINITY);
        kernels.exp(x, 0, x.length);
        assertThat(x).containsOnly(0f);
    }

    @Test
    void softmaxIsThatOfEachColumn() {
        for (int columns : new int[] {1, 2 * kernels.lanes()}) {
            int rows = 37;
            float[] s = gaussian(rows * columns);
            float[] before = s.clone();
            float[] sums = new float[columns];
            kernels.softmax(s, rows, columns, 0.5f, sums);
            for (int c = 0; c < columns; c++) {
                double total = 0;
                for (int r = 0; r < rows; r++) total += Math.exp(0.5 * before[r * columns + c]);
                for (int r = 0; r < rows; r++) {
                    double expected = Math.exp(0.5 * before[r * columns + c]) / total;
                    assertThat((double) s[r * columns + c] / sums[c])
                            .isCloseTo(expected, within(1e-6));
                }
            }
        }
    }

    @Test
    void swiGluSurvivesLargeGates() {
        float[] gate = {-200, -90, -3, -0.0f, 0, 2, 90, 200, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        float[] up = new float[gate.length];
        java.util.Arrays.fill(up, 2);
        float[] before = gate.clone();
        kernels.swiGlu(gate, 0, up, 0, gate.length);
        for (int i = 0; i < gate.length; i++) {
            double z = before[i];
            double expected = 2 * z / (1 + Math.exp(-z));
            assertThat((double) gate[i])
                    .isCloseTo(expected, within(1e-6 * Math.abs(expected) + 1e-30));
        }
    }

    /** Bytes of random blocks whose scales are finite. */
    private MemorySegment stored(Arena arena, DType type, int count) {
        long bytes = type.byteSize(count);
        MemorySegment memory = arena.allocate(bytes, 64);
        for (long i = 0; i < bytes; i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(256));
        }
        int[] halves =
                switch (type) {
                    case Q4_0, Q8_0 -> new int[] {0};
                    case Q4_K, Q5_K -> new int[] {0, 2};
                    case Q6_K -> new int[] {208};
                    default -> new int[0];
                };
        for (long block = 0; block < bytes; block += type.blockBytes()) {
            for (int half : halves) {
                short value = Float.floatToFloat16((float) random.nextGaussian());
                memory.set(Scalars.LE_SHORT, block + half, value);
            }
        }
        if (type == DType.F32 || type == DType.BF16 || type == DType.F16) {
            Scalars.narrow(type, gaussian(count), 0, memory, 0, count);
        }
        return memory;
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "Q4_0", "Q2_K"})
    void wideningGivesTheCodecsBits(DType type) {
        int count = type.isBlock() ? 9 * 256 : 1003;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = stored(arena, type, count);
            float[] expected = new float[count];
            float[] found = new float[count];
            FloatRows.widen(type, memory, 0, expected, 0, count);
            kernels.widen(type, memory, 0, found, count);
            for (int i = 0; i < count; i++) {
                assertThat(Float.floatToRawIntBits(found[i]))
                        .as("value %d", i)
                        .isEqualTo(Float.floatToRawIntBits(expected[i]));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "Q4_0", "Q8_0", "Q4_K", "Q5_K", "Q6_K"})
    void storedRowsMultiplyAsWidenedOnes(DType type) {
        int rowCount = 7; // four together, and three
        int depth = type.isBlock() ? 3 * 256 : 37 * kernels.lanes();
        float[] x = gaussian(depth + 1);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = stored(arena, type, rowCount * depth);
            float[] rows = new float[rowCount * depth];
            FloatRows.widen(type, memory, 0, rows, 0, rows.length);
            float[] found = new float[rowCount];
            if (!kernels.multiplyStored(type, memory, 0, rowCount, depth, x, 1, found)) return;
            for (int r = 0; r < rowCount; r++) {
                double sum = 0;
                double size = 0;
                for (int k = 0; k < depth; k++) {
                    double term = (double) rows[r * depth + k] * x[1 + k];
                    sum += term;
                    size += Math.abs(term);
                }
                assertThat((double) found[r]).isCloseTo(sum, within(1e-6 * size + 1e-12));
            }
        }
    }
}
