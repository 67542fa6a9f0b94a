package tk.jinja;

/** What became of a conversation. */
public sealed interface Rendering {
    /** A prompt. */
    record Text(String text) implements Rendering {}

    /**
     * The template does not take this conversation.
     *
     * @param message what it says: of its own {@code raise_exception}, or what failed on the way
     */
    record Refused(String message) implements Rendering {}
}
