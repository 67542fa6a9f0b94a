package tk.quantize.scalar;

/**
 * Float to integer as llama.cpp's x86 builds do it. Three ways, and none of them is Java's cast.
 */
public final class Rounding {
    /** 1.5 · 2²³: a sum with it has no bits left for a fraction. */
    public static final float MAGIC = 12582912f;

    private Rounding() {}

    /**
     * To nearest, ties to even, for |value| ≤ 4194303. Beyond, what the low 23 bits of the sum with
     * {@link #MAGIC} say: it wraps, both infinities give -4194304, NaN gives 0.
     */
    public static int nearest(float value) {
        return (Float.floatToRawIntBits(value + MAGIC) & 0x7fffff) - 0x400000;
    }

    /** {@link #nearest}, then limited to {@code low … high}. */
    public static int nearest(float value, int low, int high) {
        return Math.max(low, Math.min(high, nearest(value)));
    }

    /** To nearest, ties away from zero, as C's {@code roundf}; 0 where the result is no int. */
    public static int halfAway(float value) {
        if (!(Math.abs(value) < 0x1p31f)) return 0;
        int whole = (int) value;
        float rest = value - whole;
        if (rest >= 0.5f) return whole + 1;
        if (rest <= -0.5f) return whole - 1;
        return whole;
    }

    /**
     * Toward zero, of which only the low byte matters: NaN and values beyond an int give 0, the low
     * byte of x86's answer, where Java's cast would give the nearest int.
     */
    public static int truncate(float value) {
        return Math.abs(value) < 0x1p31f ? (int) value : 0;
    }
}
