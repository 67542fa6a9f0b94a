package tk.error;

import org.jspecify.annotations.Nullable;

/**
 * What can go wrong, one kind an exit code.
 *
 * <p>Libraries throw; only the command line maps a kind to its exit code ({@link #exit()}) and
 * prints. A message is one line that says what is wrong and where: the file, the place in it (byte
 * offset, tensor name or JSON path), what was expected and what was found. The {@link #hint()} says
 * what to do next.
 */
public abstract sealed class TkException extends RuntimeException
        permits UsageException,
                MalformedException,
                UnsafeException,
                UnsupportedException,
                VerificationException,
                IoException {
    private static final long serialVersionUID = 1L;

    private final @Nullable String hint;

    TkException(String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.hint = hint;
    }

    /** The message; never null. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }

    /** What to do next, or null where nothing can be advised. */
    public @Nullable String hint() {
        return hint;
    }

    /** The process exit code that stands for this kind. */
    public abstract int exit();

    /** The kind's name in JSON output. */
    public abstract String kind();
}
