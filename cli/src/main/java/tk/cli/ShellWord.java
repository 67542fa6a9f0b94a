package tk.cli;

/** Texts in commands that people are told to type. */
final class ShellWord {
    private static final String PLAIN = "[\\p{L}\\p{N}_./@%+=:,-]+";

    private ShellWord() {}

    /**
     * One word of a POSIX shell that stands for the text: quoted where a shell would read it
     * otherwise.
     */
    static String of(Object text) {
        String word = text.toString();
        return word.matches(PLAIN) ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
