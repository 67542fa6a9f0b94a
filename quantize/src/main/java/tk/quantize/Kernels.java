package tk.quantize;

/** Which kernels this process uses. */
public final class Kernels {
    private Kernels() {}

    /**
     * Whether the vector module was added to this process; without it everything runs in plain
     * Java.
     */
    public static boolean vectors() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    }

    /** For people: {@code vector, 512 bits (16 floats)} or {@code scalar}. */
    public static String describe() {
        if (!vectors()) return "scalar (the vector module is not loaded)";
        int lanes = VectorWidth.floats();
        return "vector, " + lanes * 32 + " bits (" + lanes + " floats)";
    }

    /** Touches vector types: loaded only behind {@link #vectors()}. */
    private static final class VectorWidth {
        static int floats() {
            return jdk.incubator.vector.FloatVector.SPECIES_PREFERRED.length();
        }
    }
}
