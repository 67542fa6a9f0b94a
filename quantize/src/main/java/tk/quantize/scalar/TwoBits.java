package tk.quantize.scalar;

/**
 * The 256 two-bit codes of a Q2_K or Q3_K super-block in 64 bytes: byte 32h + l holds, lowest bits
 * first, those of values 128h + l, 128h + 32 + l, 128h + 64 + l and 128h + 96 + l (h = 0…1, l =
 * 0…31).
 */
public final class TwoBits {
    private TwoBits() {}

    /** Packs the low two bits of each of 256 codes. */
    public static void pack(byte[] codes, byte[] into, int at) {
        for (int h = 0; h < 2; h++) {
            for (int l = 0; l < 32; l++) {
                int first = 128 * h + l;
                into[at + 32 * h + l] =
                        (byte)
                                ((codes[first] & 3)
                                        | (codes[first + 32] & 3) << 2
                                        | (codes[first + 64] & 3) << 4
                                        | (codes[first + 96] & 3) << 6);
            }
        }
    }

    /** The first of the 16 bytes that hold sub-block {@code j} of 16 values. */
    public static int start(int j) {
        return 32 * (j / 8) + 16 * (j % 2);
    }

    /** The lowest bit of sub-block {@code j} in these. */
    public static int shift(int j) {
        return 2 * (j / 2 % 4);
    }
}
