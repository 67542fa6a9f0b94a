package tk.tokenizer;

/** Unicode's white space, which neither of Java's two own tests is. */
final class Spaces {
    private Spaces() {}

    /** Whether a character has the property White_Space. */
    static boolean isWhite(char c) {
        return switch (c) {
            case ' ', '\t', '\n', '\u000b', '\f', '\r', '\u0085', '\u00a0', '\u1680' -> true;
            case '\u2028', '\u2029', '\u202f', '\u205f', '\u3000' -> true;
            default -> c >= '\u2000' && c <= '\u200a';
        };
    }
}
