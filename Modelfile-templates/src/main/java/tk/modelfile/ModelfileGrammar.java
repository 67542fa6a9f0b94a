package tk.modelfile;

import org.jspecify.annotations.Nullable;

import java.util.regex.Pattern;

/** The few rules of Ollama's Modelfile grammar that reading and writing share. */
final class ModelfileGrammar {
    static final String TRIPLE = "\"\"\"";

    private static final Pattern VERSION =
            Pattern.compile(
                    "v?(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*)(\\.(0|[1-9][0-9]*)"
                            + "(-(?!0[0-9]+(\\.|\\+|$))[0-9A-Za-z-]+(\\.(?!0[0-9]+(\\.|\\+|$))[0-9A-Za-z-]+)*)?"
                            + "(\\+[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?)?)?");

    private ModelfileGrammar() {}

    static boolean isSpace(int c) {
        return c == ' ' || c == '\t';
    }

    static boolean isNewline(int c) {
        return c == '\n' || c == '\r';
    }

    static boolean isLetter(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    static boolean isWordCharacter(int c) {
        return isLetter(c) || (c >= '0' && c <= '9') || c == '_';
    }

    static boolean isRole(String role) {
        return role.equals("system") || role.equals("user") || role.equals("assistant");
    }

    /**
     * Whether a version is one to Go's {@code semver}: numbers without leading zeros, of which the
     * second and third may be missing; a pre-release and a build only after three.
     */
    static boolean isVersion(String version) {
        return VERSION.matcher(version).matches();
    }

    /**
     * Whether Ollama keeps the character (Go's {@code strconv.IsPrint}): letters, marks, numbers,
     * punctuation, symbols and the ASCII space. All other spaces, joiners and control characters
     * vanish from a Modelfile.
     */
    static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    /** The value that trimmed text stands for, or null where a quotation is still open. */
    static @Nullable String unquote(String trimmed) {
        if (trimmed.startsWith(TRIPLE)) {
            return trimmed.length() >= 6 && trimmed.endsWith(TRIPLE)
                    ? trimmed.substring(3, trimmed.length() - 3)
                    : null;
        }
        if (trimmed.startsWith("\"")) {
            return trimmed.length() >= 2 && trimmed.endsWith("\"")
                    ? trimmed.substring(1, trimmed.length() - 1)
                    : null;
        }
        return trimmed;
    }

    /** Without the white space (Go's {@code unicode.IsSpace}) around it. */
    static String trim(CharSequence text) {
        int from = 0;
        int to = text.length();
        while (from < to && isUnicodeSpace(text.charAt(from))) from++;
        while (to > from && isUnicodeSpace(text.charAt(to - 1))) to--;
        return text.subSequence(from, to).toString();
    }

    private static boolean isUnicodeSpace(char c) {
        return switch (c) {
            case '\t',
                    '\n',
                    0x0b,
                    '\f',
                    '\r',
                    ' ',
                    0x85,
                    0xa0,
                    0x1680,
                    0x2028,
                    0x2029,
                    0x202f,
                    0x205f,
                    0x3000 ->
                    true;
            default -> c >= 0x2000 && c <= 0x200a;
        };
    }
}
