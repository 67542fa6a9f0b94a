package tk.error;

import org.jspecify.annotations.Nullable;

/** The candidate is not the same model: nothing was packaged (exit 6). */
public final class VerificationException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public VerificationException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public VerificationException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public VerificationException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 6;
    }

    @Override
    public String kind() {
        return "verification";
    }
}
