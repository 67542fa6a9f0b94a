package tk.convert.bytefallback;

import static org.assertj.core.api.Assertions.assertThat;

import static java.util.Objects.requireNonNull;

import org.junit.jupiter.api.Test;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Random;

class ByteRowFitTest {
    /** Hidden states that lean one way, as real ones do, so that a row against them exists. */
    private static Calibration positions(long seed, int count) {
        Random random = new Random(seed);
        Random fixed = new Random(7);
        float[] lean = new float[32];
        for (int i = 0; i < lean.length; i++) lean[i] = (float) fixed.nextGaussian() * 2;
        Calibration calibration = new Calibration(32);
        for (int p = 0; p < count; p++) {
            float[] h = new float[32];
            for (int i = 0; i < h.length; i++) h[i] = lean[i] + (float) random.nextGaussian();
            calibration.add(h, 8 + random.nextDouble() * 4);
        }
        return calibration;
    }

    @Test
    void makesTheAddedTokensNearlyFreeOnTextItWasNotFittedOn() {
        Calibration heldOut = positions(2, 2000);
        double zeros = ByteRowFit.cost(new float[32], heldOut).meanNats();
        ByteRowFit fit = ByteRowFit.on(positions(1, 2000));
        ByteRowFit.Cost cost = ByteRowFit.cost(fit.row(), heldOut);
        assertThat(zeros).isGreaterThan(1e-3);
        assertThat(cost.meanNats()).isLessThan(1e-4);
        assertThat(cost.worstNats()).isGreaterThanOrEqualTo(cost.meanNats());
        assertThat(cost.positions()).isEqualTo(2000);
    }

    @Test
    void findsTheMinimumOfItsObjective() {
        Calibration calibration = positions(3, 500);
        ByteRowFit fit = ByteRowFit.on(calibration);
        double best = objective(fit.row(), calibration);
        Random random = new Random(9);
        for (int i = 0; i < 50; i++) {
            float[] moved = fit.row().clone();
            for (int j = 0; j < moved.length; j++)
                moved[j] += (float) random.nextGaussian() * 0.05f;
            assertThat(objective(moved, calibration)).isGreaterThan(best - 1e-9);
        }
    }

    private static double objective(float[] row, Calibration calibration) {
        double norm = 0;
        for (float v : row) norm += (double) v * v;
        return ByteRowFit.cost(row, calibration).meanNats() + 1e-6 * norm;
    }

    private record Counting(TensorInfo info) implements Tensor {
        @Override
        public void readRows(long first, long count, MemorySegment into) {
            for (long i = 0; i < count * 4; i++)
                into.set(Scalars.LE_FLOAT, i * 4, (float) (first * 4 + i));
        }
    }

    private static float[] rows(Tensor tensor, long first, int count) {
        byte[] bytes = new byte[(int) (count * tensor.info().rowBytes())];
        tensor.readRows(first, count, MemorySegment.ofArray(bytes));
        float[] values = new float[count * 4];
        Scalars.widen(
                tensor.info().dtype(), MemorySegment.ofArray(bytes), 0, values, 0, values.length);
        return values;
    }

    @Test
    void untiesATiedHeadAndKeepsEveryOriginalRow() {
        Tensor embedding =
                new Counting(new TensorInfo("token_embd.weight", DType.F32, new Shape(10, 4)));
        Tensor norm = new Counting(new TensorInfo("output_norm.weight", DType.F32, new Shape(4)));
        Checkpoint in = new TensorMap(List.of(embedding, norm), Map.of(), List.of());
        Checkpoint out =
                new ByteRows(256, 2, HeadRow.ofFloats(new float[] {-1, -2, -3, -4})).apply(in);
        assertThat(out.tensors().keySet())
                .containsExactly("token_embd.weight", "output.weight", "output_norm.weight");
        Tensor newEmbedding = requireNonNull(out.tensors().get("token_embd.weight"));
        Tensor head = requireNonNull(out.tensors().get("output.weight"));
        assertThat(newEmbedding.info().shape()).isEqualTo(new Shape(266, 4));
        assertThat(head.info().shape()).isEqualTo(new Shape(266, 4));
        assertThat(rows(newEmbedding, 0, 10)).isEqualTo(rows(embedding, 0, 10));
        assertThat(rows(head, 0, 10)).isEqualTo(rows(embedding, 0, 10));
        assertThat(rows(newEmbedding, 9, 2)).containsExactly(36, 37, 38, 39, 8, 9, 10, 11);
        assertThat(rows(head, 9, 2)).containsExactly(36, 37, 38, 39, -1, -2, -3, -4);
        assertThat(rows(head, 265, 1)).containsExactly(-1, -2, -3, -4);
    }
}
