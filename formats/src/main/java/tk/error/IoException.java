package tk.error;

import org.jspecify.annotations.Nullable;

/** Missing, unreadable, unwritable, or no space left (exit 7). */
public final class IoException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public IoException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public IoException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public IoException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 7;
    }

    @Override
    public String kind() {
        return "io";
    }
}
