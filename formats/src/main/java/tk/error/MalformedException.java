package tk.error;

import org.jspecify.annotations.Nullable;

/** The input violates its format, or two of its files contradict each other (exit 3). */
public final class MalformedException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public MalformedException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public MalformedException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public MalformedException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 3;
    }

    @Override
    public String kind() {
        return "malformed";
    }
}
