package tk.jinja;

/** The escapes of a Python string literal. */
final class Escapes {
    private Escapes() {}

    /** The value of what stands between the quotation marks. */
    static String decoded(String literal) {
        if (literal.indexOf('\\') < 0) return literal;
        StringBuilder out = new StringBuilder(literal.length());
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\' || i + 1 == literal.length()) {
                out.append(c);
                continue;
            }
            char escape = literal.charAt(++i);
            switch (escape) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(escape);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000b');
                case 'x' -> i = hex(literal, i, 2, out);
                case 'u' -> i = hex(literal, i, 4, out);
                case 'U' -> i = hex(literal, i, 8, out);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int value = 0;
                    int end = Math.min(i + 3, literal.length());
                    for (; i < end && Character.digit(literal.charAt(i), 8) >= 0; i++) {
                        value = value * 8 + Character.digit(literal.charAt(i), 8);
                    }
                    i--;
                    out.appendCodePoint(value);
                }
                case 'N' ->
                        throw new tk.error.UnsupportedException(
                                "a chat template names a character by \\N{…}", null);
                default -> out.append('\\').append(escape);
            }
        }
        return out.toString();
    }

    /**
     * Appends the character of so many hexadecimal digits after {@code i}; gives the last's place.
     */
    private static int hex(String literal, int i, int digits, StringBuilder out) {
        int end = i + 1 + digits;
        String text = end <= literal.length() ? literal.substring(i + 1, end) : "";
        if (!text.matches("[0-9A-Fa-f]+")) {
            throw new tk.error.MalformedException(
                    "chat template: \\%c without its %d digits"
                            .formatted(literal.charAt(i), digits));
        }
        long value = Long.parseLong(text, 16);
        if (value > Character.MAX_CODE_POINT)
            throw new tk.error.MalformedException("chat template: no character \\U" + text);
        out.appendCodePoint((int) value);
        return end - 1;
    }
}
