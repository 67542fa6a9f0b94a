package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

/**
 * One block type, both ways, a row at a time. Thread-safe.
 *
 * <p>A row is a whole number of blocks. Its bytes are llama.cpp's, bit for bit, for every finite
 * input.
 */
public interface BlockCodec {
    /** The type. */
    DType type();

    /**
     * Quantizes rows that follow each other: the same bytes as one by one, and faster the more
     * there are.
     *
     * @param values holds {@code rows * columns} values from index {@code from} on; not changed
     * @param columns values in a row, a multiple of the block size
     * @param importance one weight a column from index 0 on, or null for none; types that have no
     *     use for it ignore it
     * @param into receives {@code rows * type().byteSize(columns)} bytes from index {@code at} on
     */
    void quantizeRows(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at);

    /** Quantizes one row: {@link #quantizeRows} of one. */
    default void quantizeRow(
            float[] values,
            int from,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        quantizeRows(values, from, 1, columns, importance, into, at);
    }

    /**
     * Dequantizes a row; rows that follow each other may be taken for one long row.
     *
     * @param blocks holds {@code type().byteSize(columns)} bytes from index {@code at} on
     * @param into receives {@code columns} values from index {@code to} on
     * @param columns how many, a multiple of the block size
     */
    void dequantizeRow(byte[] blocks, int at, float[] into, int to, int columns);
}
