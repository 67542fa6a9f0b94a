package tk.jinja;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** The filter {@code tojson} as transformers sets it: Python's {@code json.dumps}. */
final class ToJson {
    private final Operators operators;
    private final boolean ascii;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;
    private final StringBuilder out = new StringBuilder();

    private ToJson(Operators operators, Arguments.Bound options) {
        this.operators = operators;
        ascii = Operators.truth(options.get("ensure_ascii", false));
        sorted = Operators.truth(options.get("sort_keys", false));
        var indentation = options.optional("indent");
        indent =
                indentation
                        .map(
                                i ->
                                        i instanceof String s
                                                ? "\n" + s
                                                : "\n"
                                                        + " "
                                                                .repeat(
                                                                        Math.clamp(
                                                                                Operators.asLong(i),
                                                                                0,
                                                                                100)))
                        .orElse("");
        var separators = options.optional("separators");
        if (separators.isPresent()) {
            List<Object> two = operators.items(separators.get());
            if (two.size() != 2) throw new JinjaError("separators must be two");
            itemSeparator = operators.str(two.getFirst());
            keySeparator = operators.str(two.getLast());
        } else {
            itemSeparator = indentation.isPresent() ? "," : ", ";
            keySeparator = ": ";
        }
    }

    static String filter(Operators operators, Arguments arguments) {
        var bound =
                arguments.bind(
                        "tojson", "value", "ensure_ascii", "indent", "separators", "sort_keys");
        ToJson json = new ToJson(operators, bound);
        json.append(bound.required("value"), 0);
        return json.out.toString();
    }

    private void append(Object value, int depth) {
        operators.budget().step();
        switch (value) {
            case String text -> quote(text);
            case None n -> out.append("null");
            case Boolean b -> out.append(b.booleanValue());
            case Long n -> out.append(n.longValue());
            case Double d ->
                    out.append(
                            Double.isNaN(d)
                                    ? "NaN"
                                    : Double.isInfinite(d)
                                            ? (d > 0 ? "Infinity" : "-Infinity")
                                            : PythonText.number(d));
            case Range r -> throw notSerializable(value);
            case List<?> list -> items(list, depth);
            case Tuple(var items) -> items(items, depth);
            case Map<?, ?> map -> members(map, depth);
            default -> throw notSerializable(value);
        }
    }

    private static JinjaError notSerializable(Object value) {
        return new JinjaError(
                "Object of type %s is not JSON serializable".formatted(Types.name(value)));
    }

    private void items(List<?> items, int depth) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        operators.budget().enter();
        out.append('[');
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) out.append(itemSeparator);
            line(depth + 1);
            append(items.get(i), depth + 1);
        }
        line(depth);
        out.append(']');
        operators.budget().leave();
    }

    private void members(Map<?, ?> map, int depth) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        operators.budget().enter();
        List<Map.Entry<?, ?>> entries = new ArrayList<>(map.entrySet());
        if (sorted) entries.sort((a, b) -> operators.compare(a.getKey(), b.getKey(), "<"));
        out.append('{');
        boolean first = true;
        for (var entry : entries) {
            if (!first) out.append(itemSeparator);
            first = false;
            line(depth + 1);
            quote(key(entry.getKey()));
            out.append(keySeparator);
            append(entry.getValue(), depth + 1);
        }
        line(depth);
        out.append('}');
        operators.budget().leave();
    }

    private static String key(Object key) {
        return switch (key) {
            case String s -> s;
            case Boolean b -> b.toString();
            case None n -> "null";
            case Long n -> n.toString();
            case Double d -> PythonText.number(d);
            default -> throw new JinjaError("keys must be str, int, float, bool or None");
        };
    }

    private void line(int depth) {
        if (indent.isEmpty()) return;
        out.append('\n').append(indent.substring(1).repeat(depth));
        operators.budget().size((long) indent.length() * depth);
    }

    private void quote(String text) {
        operators.budget().size(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    if (c < 0x20 || (ascii && c > 0x7e))
                        out.append("\\u").append(HexFormat.of().toHexDigits(c));
                    else out.append(c);
                }
            }
        }
        out.append('"');
    }
}
