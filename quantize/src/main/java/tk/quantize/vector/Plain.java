package tk.quantize.vector;

/** For which magnitudes the simple formats' vector code holds. */
final class Plain {
    private static final int LEAST = Float.floatToRawIntBits(1e-30f);
    private static final int MOST = Float.floatToRawIntBits(1e30f);

    private Plain() {}

    /**
     * Whether a block's largest magnitude, as bits, is one where neither a scale's inverse nor a
     * difference of values can overflow. Zero and NaN are not.
     */
    static boolean fits(int magnitude) {
        return magnitude >= LEAST && magnitude <= MOST;
    }
}
