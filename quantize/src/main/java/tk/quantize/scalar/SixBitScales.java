package tk.quantize.scalar;

/**
 * The eight scales {@code s} and eight minimums {@code m} of a Q4_K or Q5_K super-block, six bits
 * each.
 *
 * <pre>
 *            bits 7 6      5 … 0
 * byte 0…3   s4…s7 >> 4    s0…s3
 *      4…7   m4…m7 >> 4    m0…m3
 *            bits 7 … 4    3 … 0
 *      8…11  m4…m7 & 15    s4…s7 & 15
 * </pre>
 */
public final class SixBitScales {
    private SixBitScales() {}

    /** Packs eight scales and minimums, from index {@code from} on, into 12 bytes. */
    public static void pack(int[] scales, int[] mins, int from, byte[] into, int at) {
        for (int j = 0; j < 4; j++) {
            int s = scales[from + j + 4];
            int m = mins[from + j + 4];
            into[at + j] = (byte) (scales[from + j] | s >> 4 << 6);
            into[at + 4 + j] = (byte) (mins[from + j] | m >> 4 << 6);
            into[at + 8 + j] = (byte) ((s & 15) | (m & 15) << 4);
        }
    }

    /** Scale {@code j}. */
    public static int scale(byte[] packed, int at, int j) {
        if (j < 4) return packed[at + j] & 63;
        return (packed[at + 4 + j] & 15) | (packed[at + j - 4] & 0xff) >> 6 << 4;
    }

    /** Minimum {@code j}. */
    public static int min(byte[] packed, int at, int j) {
        if (j < 4) return packed[at + 4 + j] & 63;
        return (packed[at + 4 + j] & 0xff) >> 4 | (packed[at + j] & 0xff) >> 6 << 4;
    }
}
