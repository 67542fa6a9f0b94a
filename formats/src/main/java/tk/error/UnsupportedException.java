package tk.error;

import org.jspecify.annotations.Nullable;

/** The input is valid, but tk does not handle it (exit 5). */
public final class UnsupportedException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public UnsupportedException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public UnsupportedException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public UnsupportedException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 5;
    }

    @Override
    public String kind() {
        return "unsupported";
    }
}
