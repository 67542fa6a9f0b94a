package tk.gotemplate;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;

/** What is wrong with a template, or goes wrong with it, and in which line. */
final class TemplateError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String what;
    private final @Nullable String hint;

    /**
     * An error.
     *
     * @param line from 1
     * @param hint what to do, or null
     */
    TemplateError(int line, String what, @Nullable String hint) {
        super("template, line %d: %s".formatted(line, what));
        this.line = line;
        this.what = what;
        this.hint = hint;
    }

    OllamaTemplate.Problem problem() {
        return new OllamaTemplate.Problem(line, what);
    }

    /** As everyone else sees it. */
    MalformedException malformed() {
        return new MalformedException(String.valueOf(getMessage()), hint, this);
    }
}
