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
 */
record QuantizedTensor(TensorInfo info, Tensor source, float @Nullable [][] importance)
        implements Tensor {
    /** Working arrays of a thread, grown to the longest chunk it met. */
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
        int columns = Math.toIntExact(info.shape().columns());
        int values = Math.toIntExact(count * columns);
        int bytes = Math.toIntExact(count * info.rowBytes());
        DType type = info.dtype();
        Buffers buffers = Buffers.sized(values, type.isBlock() ? bytes : 0);
        FloatRows.read(source, first, count, buffers.values);
        requireFinite(buffers.values, values, first, columns);
        if (type.isBlock()) quantize(buffers, first, (int) count, columns, into);
        else narrow(buffers.values, values, first, columns, into);
    }

    private void quantize(Buffers buffers, long first, int count, int columns, MemorySegment into) {
        BlockCodec codec = BlockCodecs.of(info.dtype());
        int rowBytes = (int) info.rowBytes();
        for (int row = 0; row < count; row++) {
            codec.quantizeRow(
                    buffers.values,
                    row * columns,
                    columns,
                    weights(first + row),
                    buffers.blocks,
                    row * rowBytes);
        }
        BlockCheck.requireFiniteScales(info, buffers.blocks, first, count);
        MemorySegment.copy(buffers.blocks, 0, into, ValueLayout.JAVA_BYTE, 0, count * rowBytes);
    }

    private float @Nullable [] weights(long row) {
        if (importance == null) return null;
        long rowsPerExpert = info.shape().rows() / importance.length;
        return importance[(int) (row / rowsPerExpert)];
    }

    private void narrow(float[] values, int n, long first, int columns, MemorySegment into) {
        if (info.dtype() == DType.F16) {
            for (int i = 0; i < n; i++) {
                if (Math.abs(values[i]) >= 65520f) {
                    throw new MalformedException(
                            "tensor `%s`: %s at row %d, column %d does not fit F16 (largest 65504)"
                                    .formatted(
                                            info.name(),
                                            values[i],
                                            first + i / columns,
                                            i % columns),
                            "Use bf16, f32 or a quantized type.");
                }
            }
        }
        Scalars.narrow(info.dtype(), values, 0, into, 0, n);
    }

    private void requireFinite(float[] values, int n, long first, int columns) {
        for (int i = 0; i < n; i++) {
            if (Float.isFinite(values[i])) continue;
            throw new MalformedException(
                    "tensor `%s`: %s at row %d, column %d"
                            .formatted(info.name(), values[i], first + i / columns, i % columns),
                    "The training diverged or the file is damaged: a model with such weights cannot be quantized.");
        }
    }
}
