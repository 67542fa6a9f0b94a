package tk.gotemplate;

import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Go's {@code json.Marshal}: maps by sorted keys, structs in order, {@code < > &} escaped. */
public final class GoJson {
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
            case Double d -> out.append(GoNumbers.text(d));
            case Printed.NilList nil -> out.append("null");
            case Printed.JsonList none when none.isEmpty() -> out.append("null");
            case Printed.Types t when t.types().size() == 1 -> quote(out, t.types().getFirst());
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
            case Struct struct -> {
                Map<String, Object> members = new LinkedHashMap<>();
                for (Struct.Field field : struct.fields()) {
                    if (!field.omitEmpty() || GoValues.truth(field.value()))
                        members.put(field.json(), field.value());
                }
                members(out, members);
            }
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

    /** A string, with its quotation marks. */
    public static void quote(StringBuilder out, String text) {
        out.append('"');
        text.codePoints().forEach(c -> character(out, c));
        out.append('"');
    }

    private static void character(StringBuilder out, int c) {
        switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\b' -> out.append("\\b");
            case '\f' -> out.append("\\f");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '<', '>', '&', 0x2028, 0x2029 -> escape(out, c);
            default -> {
                if (c < 0x20) escape(out, c);
                // Half a surrogate pair is no text; Go writes the replacement character.
                else if (c >= 0xd800 && c < 0xe000) out.append("\\ufffd");
                else out.appendCodePoint(c);
            }
        }
    }

    private static void escape(StringBuilder out, int c) {
        out.append("\\u").append(HexFormat.of().toHexDigits((char) c));
    }
}
