package tk.jinja;

import org.jspecify.annotations.Nullable;

/** What a template does wrong while it is rendered, in Python an exception too. */
class JinjaError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    JinjaError(String message) {
        super(message);
    }

    @Override
    public @Nullable String getMessage() {
        return super.getMessage();
    }

    /** The template's own {@code raise_exception(message)}: this conversation is not for it. */
    static final class Raised extends JinjaError {
        private static final long serialVersionUID = 1L;

        Raised(String message) {
            super(message);
        }
    }
}
