package tk.convert.lora;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A weight with a LoRA merged into it: {@code W + s·B·A}, as PEFT's {@code merge} computes it.
 *
 * <p>Product and scale are F32, the sum is F32, and only it is rounded, once, to the type of the
 * weight; of an embedding the product is rounded to that type, too. With DoRA the sum's rows (an
 * embedding's columns) are scaled to the trained magnitudes before that.
 */
final class LoraTensor implements Tensor {
    /** PyTorch's, on processors with vectors of 256 bits and of 512. */
    private static final int NORM_SUMS = 8;

    private final Tensor base;
    private final LowRank lowRank;
    private final float scale;
    private final FactorCache cache;
    private float @Nullable [] magnitudes;
    private float @Nullable [] columnFactors;

    /**
     * A merged weight.
     *
     * @param base F32, F16 or BF16, of the factors' shape
     * @param scale s
     */
    LoraTensor(Tensor base, LowRank lowRank, float scale, FactorCache cache) {
        this.base = base;
        this.lowRank = lowRank;
        this.scale = scale;
        this.cache = cache;
    }

    @Override
    public TensorInfo info() {
        return base.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        base.readRows(first, count, into);
        if (lowRank.magnitude().isEmpty()) addRows(first, count, into);
        else if (lowRank.embedding()) scaleColumns(first, count, into);
        else scaleRows(first, count, into);
    }

    private void addRows(long first, long count, MemorySegment rows) {
        DType type = info().dtype();
        long rowBytes = info().rowBytes();
        Factors factors = cache.of(lowRank);
        float[][] delta = new float[Factors.ROWS][Factors.BLOCK];
        float[] weight = new float[Factors.BLOCK];
        RowValues values = new RowValues(info());
        for (int block = 0; block < factors.blocks(); block++) {
            int n = factors.width(block);
            long at = type.byteSize((long) block * Factors.BLOCK);
            long i = 0;
            for (; i + Factors.ROWS <= count; i += Factors.ROWS) {
                factors.rows(first + i, block, delta);
                for (int r = 0; r < Factors.ROWS; r++) {
                    add(delta[r], values, rows, (i + r) * rowBytes + at, weight, n);
                }
            }
            for (; i < count; i++) {
                factors.row(first + i, block, delta[0]);
                add(delta[0], values, rows, i * rowBytes + at, weight, n);
            }
        }
    }

    private void add(
            float[] delta, RowValues values, MemorySegment rows, long at, float[] weight, int n) {
        values.widen(rows, at, weight, n);
        if (lowRank.embedding()) {
            // PEFT rounds what it adds to an embedding to the embedding's type first.
            for (int j = 0; j < n; j++) delta[j] *= scale;
            values.round(delta, n);
            for (int j = 0; j < n; j++) weight[j] += delta[j];
        } else {
            for (int j = 0; j < n; j++) weight[j] += delta[j] * scale;
        }
        values.narrow(weight, n, rows, at);
    }

    /** {@code W + s·B·A} of one row in F32. */
    private void sum(Factors factors, long row, MemorySegment stored, long at, float[] into) {
        float[] delta = new float[Factors.BLOCK];
        Scalars.widen(info().dtype(), stored, at, into, 0, into.length);
        for (int block = 0; block < factors.blocks(); block++) {
            int start = block * Factors.BLOCK;
            factors.row(row, block, delta);
            for (int j = 0; j < factors.width(block); j++) into[start + j] += delta[j] * scale;
        }
    }

    private void scaleRows(long first, long count, MemorySegment rows) {
        Factors factors = cache.of(lowRank);
        float[] trained = magnitudes();
        float[] sum = new float[columns()];
        RowValues values = new RowValues(info());
        for (long i = 0; i < count; i++) {
            long at = i * info().rowBytes();
            sum(factors, first + i, rows, at, sum);
            float norm = norm(sum);
            float factor = trained[(int) (first + i)] / norm;
            for (int j = 0; j < sum.length; j++) sum[j] *= factor;
            values.narrow(sum, sum.length, rows, at);
        }
    }

    /**
     * The norm as {@code torch.linalg.norm} computes that of a row: eight sums of squares in F32,
     * which are then added up, and what is left over by itself.
     */
    private static float norm(float[] values) {
        float[] sums = new float[NORM_SUMS];
        int whole = values.length / NORM_SUMS * NORM_SUMS;
        for (int j = 0; j < whole; j += NORM_SUMS) {
            for (int k = 0; k < NORM_SUMS; k++) sums[k] += values[j + k] * values[j + k];
        }
        float squares = 0;
        for (float sum : sums) squares += sum;
        for (int j = whole; j < values.length; j++) squares += values[j] * values[j];
        return (float) Math.sqrt(squares);
    }

    private void scaleColumns(long first, long count, MemorySegment rows) {
        float[] factor = columnFactors();
        Factors factors = cache.of(lowRank);
        float[] sum = new float[columns()];
        RowValues values = new RowValues(info());
        for (long i = 0; i < count; i++) {
            long at = i * info().rowBytes();
            sum(factors, first + i, rows, at, sum);
            for (int j = 0; j < sum.length; j++) sum[j] *= factor[j];
            values.narrow(sum, sum.length, rows, at);
        }
    }

    private synchronized float[] magnitudes() {
        float[] found = magnitudes;
        if (found == null) {
            found = LowRank.values(lowRank.magnitude().orElseThrow());
            magnitudes = found;
        }
        return found;
    }

    /**
     * The norm of a column needs all rows: they are gone through once before the first is given.
     * Their squares are added up one after another in F32, as {@code torch.linalg.norm} does along
     * columns.
     */
    private synchronized float[] columnFactors() {
        float[] found = columnFactors;
        if (found != null) return found;
        float[] trained = magnitudes();
        Factors factors = cache.of(lowRank);
        float[] squares = new float[columns()];
        float[] sum = new float[squares.length];
        try (Scratch scratch = Scratch.borrow(info().rowBytes())) {
            for (long row = 0; row < info().shape().rows(); row++) {
                base.readRows(row, 1, scratch.segment());
                sum(factors, row, scratch.segment(), 0, sum);
                for (int j = 0; j < sum.length; j++) squares[j] += sum[j] * sum[j];
            }
        }
        found = new float[squares.length];
        for (int j = 0; j < found.length; j++) {
            found[j] = trained[j] / (float) Math.sqrt(squares[j]);
        }
        columnFactors = found;
        return found;
    }

    private int columns() {
        return Math.toIntExact(info().shape().columns());
    }
}
