package tk.gotemplate;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Go's {@code json.Marshal}: maps by sorted keys, structs in order, {@code < > &} escaped. */
final class GoJson {
    private GoJson() {}

    static String of(Object value) {
        StringBuilder out = new StringBuilder();
        append(out, value);
        return out.toString();
    }

    private static void append(StringBuilder out, Object value) {
        switch (value) {
            case GoValues.Nil n -> out.append("null");
            case String s -> quote(out, s);
            case List<?> list -> {
                out.append('[');
                for (int i = 0; i < list.size(); i++) {
                    if (i > 0) out.append(',');
                    append(out, list.get(i));
                }
                out.append(']');
            }
            case Map<?, ?> map -> {
                Map<String, Object> sorted = new TreeMap<>();
                map.forEach((k, v) -> sorted.put(String.valueOf(k), v));
                members(out, sorted);
            }
            case Struct struct -> members(out, struct.fields());
            default -> out.append(GoValues.text(value));
        }
    }

    private static void members(StringBuilder out, Map<String, Object> members) {
        out.append('{');
        String separator = "";
        for (var member : members.entrySet()) {
            out.append(separator);
            quote(out, member.getKey());
            out.append(':');
            append(out, member.getValue());
            separator = ",";
        }
        out.append('}');
    }

    private static void quote(StringBuilder out, String text) {
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
                case '<', '>', '&', 0x2028, 0x2029 -> escape(out, c);
                default -> {
                    if (c < 0x20) escape(out, c);
                    else out.append(c);
                }
            }
        }
        out.append('"');
    }

    private static void escape(StringBuilder out, char c) {
        out.append("\\u").append(HexFormat.of().toHexDigits(c));
    }
}
