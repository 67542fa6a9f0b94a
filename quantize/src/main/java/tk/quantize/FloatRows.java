package tk.quantize;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/** Rows of any floating-point or block type as F32. */
public final class FloatRows {
    /** About as many bytes of blocks as stay in a core's cache while they are dequantized. */
    private static final int CHUNK = 64 << 10;

    private static final ThreadLocal<byte[]> BLOCKS =
            ThreadLocal.withInitial(() -> new byte[CHUNK]);

    private FloatRows() {}

    /** Whether values of this type can be widened to F32. */
    public static boolean canWiden(DType type) {
        return type.isBlock() ? BlockCodecs.find(type).isPresent() : Scalars.canWiden(type);
    }

    /**
     * Refuses a tensor whose values cannot be read, before anything is.
     *
     * @throws UnsupportedException where its type cannot be widened
     */
    public static void requireReadable(TensorInfo info) {
        if (canWiden(info.dtype())) return;
        throw new UnsupportedException(
                "tensor `%s`: values of type %s cannot be read as F32"
                        .formatted(info.name(), info.dtype()),
                "Supported: F32, F16, BF16, F64 and the block types "
                        + BlockCodecs.types()
                        + ". Start from the model that it was quantized from.");
    }

    /**
     * Reads rows {@code first … first+count-1} and widens them.
     *
     * @param into receives {@code count * columns} values from index 0 on
     * @throws UnsupportedException where the tensor's type cannot be widened
     * @throws tk.error.TkException where the rows cannot be read
     */
    public static void read(Tensor tensor, long first, long count, float[] into) {
        TensorInfo info = tensor.info();
        requireReadable(info);
        int values = Math.toIntExact(Math.multiplyExact(count, info.shape().columns()));
        try (Scratch scratch = Scratch.borrow(Math.multiplyExact(count, info.rowBytes()))) {
            tensor.readRows(first, count, scratch.segment());
            widen(info.dtype(), scratch.segment(), 0, into, 0, values);
        }
    }

    /**
     * Widens stored values.
     *
     * @param type F32, F16, BF16, F64, or a block type that has a codec
     * @param from little-endian values or blocks from byte {@code offset} on; not a mapped file
     * @param into receives {@code count} values from index {@code to} on
     * @param count a multiple of the type's block size
     */
    public static void widen(
            DType type, MemorySegment from, long offset, float[] into, int to, int count) {
        if (!type.isBlock()) {
            Scalars.widen(type, from, offset, into, to, count);
            return;
        }
        BlockCodec codec = BlockCodecs.of(type);
        byte[] blocks = BLOCKS.get();
        int most = CHUNK / type.blockBytes() * type.blockSize();
        for (int done = 0; done < count; done += most) {
            int values = Math.min(most, count - done);
            int bytes = (int) type.byteSize(values);
            MemorySegment.copy(from, JAVA_BYTE, offset + type.byteSize(done), blocks, 0, bytes);
            codec.dequantizeRow(blocks, 0, into, to + done, values);
        }
    }
}
