package tk.gotemplate;

/** What goes wrong while a template is executed; its line is known further out. */
final class GoError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GoError(String message) {
        super(message);
    }
}
