package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.TensorInfo;

/**
 * Refuses what no quantizer can stand for, as llama-quantize does: a weight that is NaN or
 * infinite, and a block whose scale came out so.
 */
public final class FiniteCheck {
    private FiniteCheck() {}

    /**
     * The first of {@code count} values that is NaN or infinite, as an index from 0; -1 for none.
     */
    public static int firstNonFinite(float[] values, int from, int count) {
        // One pass that the compiler turns into vector code, which floatToRawIntBits would hinder.
        float largest = 0;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, Math.abs(values[i])); // NaN where one is
        }
        if (largest < Float.POSITIVE_INFINITY) return -1;
        int i = 0;
        while (Float.isFinite(values[from + i])) i++;
        return i;
    }

    /**
     * Checks rows before they are quantized.
     *
     * @param info of the tensor they belong to
     * @param firstRow the row that {@code values[from]} begins
     * @throws MalformedException naming tensor, row and column of the first NaN or infinity
     */
    public static void requireFinite(
            TensorInfo info, long firstRow, float[] values, int from, int count) {
        int at = firstNonFinite(values, from, count);
        if (at < 0) return;
        long columns = info.shape().columns();
        throw new MalformedException(
                "tensor `%s`: row %d, column %d is %s, expected a finite weight"
                        .formatted(
                                info.name(),
                                firstRow + at / columns,
                                at % columns,
                                values[from + at]),
                "The training diverged or the file is damaged; quantize an earlier checkpoint.");
    }

    /**
     * Checks blocks after they were made: weights beyond about 10⁶ can overflow an F16 scale.
     *
     * @param info of the tensor in its new type
     * @param firstRow the row that the byte at {@code at} begins
     * @param bytes a whole number of rows
     * @throws UnsupportedException naming tensor, row and column of the first block with such a
     *     scale
     */
    public static void requireFiniteScales(
            TensorInfo info, long firstRow, byte[] blocks, int at, int bytes) {
        DType type = info.dtype();
        int[] scales = scaleOffsets(type);
        for (int block = 0; block < bytes; block += type.blockBytes()) {
            for (int scale : scales) {
                int high = blocks[at + block + scale + 1];
                if ((high & 0x7c) != 0x7c) continue;
                long value = (long) block / type.blockBytes() * type.blockSize();
                long columns = info.shape().columns();
                throw new UnsupportedException(
                        "tensor `%s`: row %d, the %s block from column %d on: weights too large for an F16 scale"
                                .formatted(
                                        info.name(),
                                        firstRow + value / columns,
                                        type,
                                        value % columns),
                        "Keep this tensor in F32 or BF16.");
            }
        }
    }

    /** Where in a block its F16 scales lie. */
    private static int[] scaleOffsets(DType type) {
        int @Nullable [] offsets =
                switch (type) {
                    case Q4_0, Q5_0, Q8_0, IQ4_NL, IQ4_XS -> new int[] {0};
                    case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
                    case Q2_K -> new int[] {80, 82};
                    case Q3_K -> new int[] {108};
                    case Q6_K -> new int[] {208};
                    default -> null;
                };
        if (offsets == null) throw new IllegalArgumentException(type + " has no codec");
        return offsets;
    }
}
