package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A tensor that is quantized (or cast) as its rows are read. Any source type is widened to F32
 * first.
 *
 * <p>NaN, infinities and values that the target cannot hold are refused, as llama-quantize refuses
 * them, with the tensor's name and the place.
 *
 * @param info in the target type
 * @param source in any float or block type
 * @param importance one weight a column for each expert, or null
 * @param workload the job that this is a part of
 */
record QuantizedTensor(
        TensorInfo info, Tensor source, float @Nullable [][] importance, Workload workload)
        implements Tensor {
    /**
     * A tensor whose size is part of the workload, and counted in it here.
     *
     * @throws tk.error.UnsupportedException where the source's values cannot be read
     */
    QuantizedTensor {
        FloatRows.requireReadable(source.info());
        if (info.dtype().isBlock()) {
            workload.add(info.dtype(), importance != null, info.shape().elements());
        }
    }

    /**
     * Values taken through all steps before the next ones: so many stay in a core's cache, and fill
     * the lanes of every vector.
     */
    private static final int BATCH = 1 << 15;

    /** Working arrays of a thread, grown to the longest batch it met. */
    private static final class Buffers {
        float[] values = new float[0];
        byte[] blocks = new byte[0];

        private static final ThreadLocal<Buffers> OF_THREAD = ThreadLocal.withInitial(Buffers::new);

        static Buffers sized(int values, int bytes) {
            Buffers buffers = OF_THREAD.get();
            if (buffers.values.length < values) buffers.values = new float[values];
            if (buffers.blocks.length < bytes) buffers.blocks = new byte[bytes];
            return buffers;
        }
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        workload.begin();
        int columns = Math.toIntExact(info.shape().columns());
        long most = Math.max(1, BATCH / Math.max(1, columns));
        long rows;
        for (long row = first; row < first + count; row += rows) {
            rows = Math.min(Math.min(most, first + count - row), sameWeights(row));
            long bytes = rows * info.rowBytes();
            readBatch(
                    row, (int) rows, columns, into.asSlice((row - first) * info.rowBytes(), bytes));
        }
    }

    private void readBatch(long first, int rows, int columns, MemorySegment into) {
        int values = Math.multiplyExact(rows, columns);
        DType type = info.dtype();
        int bytes = Math.toIntExact(into.byteSize());
        Buffers buffers = Buffers.sized(values, type.isBlock() ? bytes : 0);
        FloatRows.read(source, first, rows, buffers.values);
        FiniteCheck.requireFinite(info, first, buffers.values, 0, values);
        if (type.isBlock()) {
            float @Nullable [] weights = importance == null ? null : importance[expert(first)];
            BlockCodecs.of(type)
                    .quantizeRows(buffers.values, 0, rows, columns, weights, buffers.blocks, 0);
            FiniteCheck.requireFiniteScales(info, first, buffers.blocks, 0, bytes);
            MemorySegment.copy(buffers.blocks, 0, into, ValueLayout.JAVA_BYTE, 0, bytes);
        } else {
            if (type == DType.F16) requireF16(buffers.values, values, first, columns);
            Scalars.narrow(type, buffers.values, 0, into, 0, values);
        }
    }

    /** Rows from this one on that have the same importance weights. */
    private long sameWeights(long row) {
        if (importance == null || importance.length == 1) return Long.MAX_VALUE;
        return (expert(row) + 1) * rowsPerExpert() - row;
    }

    private int expert(long row) {
        return (int) (row / rowsPerExpert());
    }

    private long rowsPerExpert() {
        return info.shape().rows() / (importance == null ? 1 : importance.length);
    }

    private void requireF16(float[] values, int n, long first, int columns) {
        for (int i = 0; i < n; i++) {
            if (Math.abs(values[i]) >= 65520f) {
                throw new MalformedException(
                        "tensor `%s`: %s at row %d, column %d does not fit F16 (largest 65504)"
                                .formatted(
                                        info.name(), values[i], first + i / columns, i % columns),
                        "Use bf16, f32 or a quantized type.");
            }
        }
    }
}
