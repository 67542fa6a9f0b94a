package tk.error;

import org.jspecify.annotations.Nullable;

/** The command cannot be carried out as it was asked (exit 2). */
public final class UsageException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public UsageException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public UsageException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public UsageException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 2;
    }

    @Override
    public String kind() {
        return "usage";
    }
}
