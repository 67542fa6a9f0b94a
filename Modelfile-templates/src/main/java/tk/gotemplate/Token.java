package tk.gotemplate;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text literal text, the word, the value of a string, the operator
 * @param spaced whether white space stands before it: {@code .A.B} is one operand, {@code .A .B}
 *     are two
 * @param line from 1
 */
record Token(Kind kind, String text, boolean spaced, int line) {
    enum Kind {
        TEXT,
        OPEN,
        CLOSE,
        /** {@code .Name}, without the dot. */
        FIELD,
        /** {@code $name}, with the sign. */
        VARIABLE,
        /** A keyword, function, {@code true}, {@code nil}. */
        WORD,
        STRING,
        CHARACTER,
        NUMBER,
        /** {@code . | , ( ) := =}. */
        SIGN,
        END
    }

    boolean is(Kind other, String value) {
        return kind == other && text.equals(value);
    }

    String described() {
        return switch (kind) {
            case END -> "the end of the template";
            case TEXT -> "text";
            case FIELD -> "." + text;
            default -> "'" + text + "'";
        };
    }
}
