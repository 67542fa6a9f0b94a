package tk.verify.reference;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;
import tk.verify.reference.Adaptation.Factors;
import tk.verify.reference.Adaptation.Rows;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A matrix whose rows are looked up, as adapters make them: what changes a row, F32 as the forward
 * pass has it.
 *
 * @param info (rows, columns), F32
 * @param base the matrix before
 * @param change what is done to a row
 */
record AdaptedRows(TensorInfo info, Weights base, Change change) implements Tensor {
    private static final Kernels KERNELS = new ScalarKernels();

    /** Changes a row in place. */
    @FunctionalInterface
    interface Change {
        void to(int row, float[] values);
    }

    /** The matrix with some rows in place of its own. */
    static Tensor of(Weights base, Rows rows) {
        Weights values = new Weights(rows.values());
        return of(
                base,
                (row, into) ->
                        Optional.ofNullable(rows.places().get(row))
                                .ifPresent(place -> values.read(KERNELS, place, 1, into)));
    }

    /**
     * The embedding with a LoRA: row t is {@code W_t + s·(BA)ᵀ_t}; with DoRA its columns scaled.
     */
    static Tensor of(Weights base, Factors factors) {
        float[] a = all(factors.a()); // (r, vocabulary)
        float[] b = all(factors.b()); // (hidden, r)
        int rank = Math.toIntExact(factors.a().info().shape().rows());
        int vocabulary = a.length / rank;
        Change sum =
                (row, values) -> {
                    for (int j = 0; j < values.length; j++) {
                        float added = 0;
                        for (int k = 0; k < rank; k++) {
                            added += b[j * rank + k] * a[k * vocabulary + row];
                        }
                        values[j] += (float) factors.scale() * added;
                    }
                };
        if (factors.magnitude().isEmpty()) return of(base, sum);
        float[] scales = columnScales(base, sum, all(factors.magnitude().get()));
        return of(
                base,
                (row, values) -> {
                    sum.to(row, values);
                    for (int j = 0; j < values.length; j++) values[j] *= scales[j];
                });
    }

    private static Tensor of(Weights base, Change change) {
        Shape shape = new Shape(base.rows(), base.columns());
        return new AdaptedRows(new TensorInfo(base.name(), DType.F32, shape), base, change);
    }

    /** {@code m_j / ‖(W + s·(BA)ᵀ)_j‖} of every column. */
    private static float[] columnScales(Weights base, Change sum, float[] magnitudes) {
        double[] squares = new double[magnitudes.length];
        float[] values = new float[magnitudes.length];
        for (int row = 0; row < base.rows(); row++) {
            base.read(KERNELS, row, 1, values);
            sum.to(row, values);
            for (int j = 0; j < values.length; j++) squares[j] += (double) values[j] * values[j];
        }
        float[] scales = new float[magnitudes.length];
        for (int j = 0; j < scales.length; j++) {
            scales[j] = (float) (magnitudes[j] / Math.sqrt(squares[j]));
        }
        return scales;
    }

    private static float[] all(Tensor tensor) {
        Weights weights = new Weights(tensor);
        float[] values = new float[Math.multiplyExact(weights.rows(), weights.columns())];
        weights.read(KERNELS, 0, weights.rows(), values);
        return values;
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        float[] values = new float[base.columns()];
        for (int i = 0; i < count; i++) {
            int row = Math.toIntExact(first + i);
            base.read(KERNELS, row, 1, values);
            change.to(row, values);
            MemorySegment.copy(
                    values, 0, into, Scalars.LE_FLOAT, i * info.rowBytes(), values.length);
        }
    }
}
