package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsafeException;

/**
 * An opcode's place, for messages.
 *
 * @param pickle the file, and the entry within it
 * @param offset of the opcode within the pickle
 * @param budget where whatever the opcode makes is counted
 */
record PicklePlace(String pickle, long offset, PickleBudget budget) {
    private static final String DAMAGED =
            "The file is damaged, or no PyTorch checkpoint: get it again.";

    /** Counts what is about to be made. */
    void charge(long bytes) {
        if (!budget.take(bytes)) throw budget.exceeded(this);
    }

    /** The pickle breaks a rule. */
    MalformedException malformed(String problem) {
        return new MalformedException(message(problem), DAMAGED);
    }

    /** The pickle wants something done that only a dangerous reader would do. */
    UnsafeException unsafe(String problem, @Nullable String hint) {
        return new UnsafeException(message(problem), hint);
    }

    private String message(String problem) {
        return "%s: byte %d: %s".formatted(pickle, offset, problem);
    }
}
