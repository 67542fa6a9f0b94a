package tk.gotemplate;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user} or {@code assistant}
 * @param content its text
 */
public record Turn(String role, String content) {
    /** What the system says. */
    public static Turn system(String content) {
        return new Turn("system", content);
    }

    /** What the user says. */
    public static Turn user(String content) {
        return new Turn("user", content);
    }

    /** What the assistant said. */
    public static Turn assistant(String content) {
        return new Turn("assistant", content);
    }
}
