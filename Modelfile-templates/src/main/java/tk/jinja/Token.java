package tk.jinja;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text literal text, a name, the value of a string, the digits of a number, an operator
 * @param line where it begins, from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        TEXT,
        OUTPUT_BEGIN,
        OUTPUT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(Kind other, String value) {
        return kind == other && text.equals(value);
    }

    boolean isName(String value) {
        return is(Kind.NAME, value);
    }

    boolean isOperator(String value) {
        return is(Kind.OPERATOR, value);
    }

    /** For messages. */
    String described() {
        return switch (kind) {
            case END -> "the end of the template";
            case TEXT -> "text";
            case BLOCK_END -> "'%}'";
            case OUTPUT_END -> "'}}'";
            default -> "'" + text + "'";
        };
    }
}
