package tk.error;

import org.jspecify.annotations.Nullable;

/** The input asks for something that only a dangerous reader would do (exit 4). */
public final class UnsafeException extends TkException {
    private static final long serialVersionUID = 1L;

    /** With a message and nothing to advise. */
    public UnsafeException(String message) {
        super(message, null, null);
    }

    /** With a message and what to do next. */
    public UnsafeException(String message, @Nullable String hint) {
        super(message, hint, null);
    }

    /** With a message, what to do next, and the cause. */
    public UnsafeException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, hint, cause);
    }

    @Override
    public int exit() {
        return 4;
    }

    @Override
    public String kind() {
        return "unsafe";
    }
}
