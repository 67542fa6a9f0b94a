package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.tensor.DType;

import java.util.Objects;
import java.util.function.Supplier;

/** Checks arguments and gives each thread a kernel, and with it working memory, of its own. */
final class KernelCodec implements BlockCodec {
    private final DType type;
    private final ThreadLocal<BlockKernel> kernels;

    KernelCodec(DType type, Supplier<BlockKernel> kernels) {
        this.type = type;
        this.kernels = ThreadLocal.withInitial(kernels);
    }

    @Override
    public DType type() {
        return type;
    }

    @Override
    public void quantizeRows(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        int count = Math.multiplyExact(rows, columns);
        Objects.checkFromIndexSize(from, count, values.length);
        Objects.checkFromIndexSize(at, bytes(columns) * rows, into.length);
        if (importance != null) Objects.checkFromIndexSize(0, columns, importance.length);
        if (count > 0) kernels.get().quantize(values, from, rows, columns, importance, into, at);
    }

    @Override
    public void dequantizeRow(byte[] blocks, int at, float[] into, int to, int columns) {
        Objects.checkFromIndexSize(at, bytes(columns), blocks.length);
        Objects.checkFromIndexSize(to, columns, into.length);
        kernels.get().dequantize(blocks, at, into, to, columns);
    }

    private int bytes(int columns) {
        return Math.toIntExact(type.byteSize(columns));
    }
}
