package tk.torch;

import tk.error.UnsafeException;

import java.util.Locale;

/**
 * What a pickle's values may take, counted a little generously as they are made.
 *
 * <p>A few bytes of a hostile pickle can ask for a copy of all that came before; so whatever copies
 * or makes something counts it here first.
 */
final class PickleBudget {
    /** A quarter of the heap; 48 MiB in any case, and never more than 1 GiB. */
    private static final long MOST_MEMORY =
            Math.clamp(Runtime.getRuntime().maxMemory() / 4, 48L << 20, 1L << 30);

    private long memory;

    /** Counts {@code bytes} more; false where that is too much. */
    boolean take(long bytes) {
        memory += bytes;
        return memory <= MOST_MEMORY;
    }

    /** Takes back what was counted for something that is gone. */
    void giveBack(long bytes) {
        memory -= bytes;
    }

    /** The error of whoever could not {@link #take}. */
    UnsafeException exceeded(PicklePlace at) {
        return at.unsafe(
                String.format(
                        Locale.ROOT,
                        "describes more than %,d bytes of objects beside the tensors",
                        MOST_MEMORY),
                "A state dict needs far less. If you trust the file, save its weights alone, or"
                        + " give the JVM more memory (-Xmx).");
    }
}
