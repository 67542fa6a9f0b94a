package tk.verify.report;

import java.util.Locale;

/**
 * Collects HTML. What comes from a model or a file goes through {@link #text}; only constants go
 * through {@link #raw}.
 */
final class Html {
    /** Control characters, direction marks, a byte order mark, halves of surrogate pairs. */
    private static final int[][] HIDDEN = {
        {0, 0x1f},
        {0x7f, 0x9f},
        {0x200e, 0x200f},
        {0x202a, 0x202e},
        {0x2066, 0x2069},
        {0xd800, 0xdfff},
        {0xfeff, 0xfeff}
    };

    private final StringBuilder out = new StringBuilder();

    /** Markup. */
    Html raw(String markup) {
        out.append(markup);
        return this;
    }

    /** Markup around text: {@code <name class="kind">text</name>}. */
    Html element(String name, String kind, String text) {
        out.append('<').append(name);
        if (!kind.isEmpty()) out.append(" class=\"").append(kind).append('"');
        return raw(">").text(text).raw("</" + name + ">");
    }

    /** Text from anywhere. */
    Html text(String text) {
        out.append(escape(text));
        return this;
    }

    /** Text that a model reads or writes: spaces kept, direction of its own. */
    Html model(String text) {
        return raw("<bdi class=\"text\">").text(text).raw("</bdi>");
    }

    /** One token: what it does to the text is shown by signs. */
    Html token(String text) {
        String signs = text.replace("\n", "\u21b5").replace("\t", "\u21e5").replace("\r", "\u240d");
        return raw("<span class=\"token\">").model(signs).raw("</span>");
    }

    @Override
    public String toString() {
        return out.toString();
    }

    /**
     * Escapes what HTML reads as markup, and makes visible what a browser would hide or obey:
     * control characters and those that reorder text.
     */
    static String escape(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        text.codePoints()
                .forEach(
                        c -> {
                            switch (c) {
                                case '&' -> out.append("&amp;");
                                case '<' -> out.append("&lt;");
                                case '>' -> out.append("&gt;");
                                case '"' -> out.append("&quot;");
                                case '\'' -> out.append("&#39;");
                                case '\n', '\t' -> out.appendCodePoint(c);
                                default -> {
                                    if (isHidden(c)) {
                                        out.append("\u27e8U+")
                                                .append(String.format(Locale.ROOT, "%04X", c))
                                                .append('\u27e9');
                                    } else {
                                        out.appendCodePoint(c);
                                    }
                                }
                            }
                        });
        return out.toString();
    }

    private static boolean isHidden(int c) {
        for (int[] range : HIDDEN) {
            if (c >= range[0] && c <= range[1]) return true;
        }
        return false;
    }
}
