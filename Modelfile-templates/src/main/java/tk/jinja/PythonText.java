package tk.jinja;

import tk.json.PythonJson;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Values as Python prints them: {@code str} and {@code repr}. */
final class PythonText {
    private final Budget budget;

    PythonText(Budget budget) {
        this.budget = budget;
    }

    String str(Object value) {
        if (value instanceof String text) return text;
        if (value instanceof Undefined) return "";
        return repr(value);
    }

    String repr(Object value) {
        StringBuilder out = new StringBuilder();
        append(out, value);
        return out.toString();
    }

    private void append(StringBuilder out, Object value) {
        budget.step();
        switch (value) {
            case String text -> quote(out, text);
            case Boolean b -> out.append(b ? "True" : "False");
            case Long number -> out.append(number.longValue());
            case Double number -> out.append(number(number));
            case None n -> out.append("None");
            case Undefined u -> out.append("Undefined");
            case Tuple(var items) -> {
                out.append('(');
                items(out, items);
                out.append(items.size() == 1 ? ",)" : ")");
            }
            case Range range -> out.append(range);
            case List<?> list -> {
                out.append('[');
                items(out, list);
                out.append(']');
            }
            case View(String kind, List<Object> items) -> {
                out.append(kind).append("([");
                items(out, items);
                out.append("])");
            }
            case Map<?, ?> map -> {
                budget.enter();
                out.append('{');
                String separator = "";
                for (var entry : map.entrySet()) {
                    out.append(separator);
                    append(out, entry.getKey());
                    out.append(": ");
                    append(out, entry.getValue());
                    separator = ", ";
                }
                out.append('}');
                budget.leave();
            }
            default ->
                    throw new tk.error.UnsupportedException(
                            "a chat template prints a " + Types.name(value), null);
        }
    }

    private void items(StringBuilder out, List<?> items) {
        budget.enter();
        String separator = "";
        for (Object item : items) {
            out.append(separator);
            append(out, item);
            separator = ", ";
        }
        budget.leave();
    }

    static String number(double value) {
        if (Double.isNaN(value)) return "nan";
        if (Double.isInfinite(value)) return value > 0 ? "inf" : "-inf";
        return PythonJson.ofFloat(value).text();
    }

    private void quote(StringBuilder out, String text) {
        budget.size(text.length());
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints()
                .forEach(
                        c -> {
                            switch (c) {
                                case '\\' -> out.append("\\\\");
                                case '\n' -> out.append("\\n");
                                case '\r' -> out.append("\\r");
                                case '\t' -> out.append("\\t");
                                default -> {
                                    if (c == quote) out.append('\\').append(quote);
                                    else if (isPrintable(c)) out.appendCodePoint(c);
                                    else escape(out, c);
                                }
                            }
                        });
        out.append(quote);
    }

    private static void escape(StringBuilder out, int c) {
        HexFormat hex = HexFormat.of();
        if (c < 0x100) out.append("\\x").append(hex.toHexDigits(c, 2));
        else if (c < 0x10000) out.append("\\u").append(hex.toHexDigits(c, 4));
        else out.append("\\U").append(hex.toHexDigits(c, 8));
    }

    private static boolean isPrintable(int c) {
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
}
