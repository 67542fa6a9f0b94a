package tk.quantize.scalar;

import org.jspecify.annotations.Nullable;

/**
 * Quantizes and dequantizes blocks of one type, without checking its arguments. Owns working memory
 * and is therefore for one thread at a time.
 */
public interface BlockKernel {
    /**
     * Quantizes rows that follow each other.
     *
     * @param values {@code rows * columns} values from index {@code from} on; not changed
     * @param columns values in a row, a multiple of the block size
     * @param importance one weight a column from index 0 on, or null for none
     * @param into receives the blocks from index {@code at} on
     */
    void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at);

    /**
     * Dequantizes blocks that follow each other.
     *
     * @param blocks the blocks, from index {@code at} on
     * @param into receives {@code count} values from index {@code to} on
     * @param count a multiple of the block size
     */
    void dequantize(byte[] blocks, int at, float[] into, int to, int count);
}
