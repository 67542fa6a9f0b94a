package tk.json;

import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes JSON as Python's {@code json.dumps} does, so that files tk writes compare equal to
 * transformers'.
 *
 * @param indent spaces a level; 0 writes everything on one line
 * @param separator between items on one line: {@code ","} or {@code ", "}
 * @param sortKeys whether members are written in the order of their names
 * @param asciiOnly whether other characters are written as {@code \\uXXXX}
 */
public record JsonText(int indent, String separator, boolean sortKeys, boolean asciiOnly) {
    /** One line, no spaces. */
    public static final JsonText COMPACT = new JsonText(0, ",", false, false);

    /** Two spaces a level, order kept, text as it is. */
    public static final JsonText PRETTY = new JsonText(2, ",", false, false);

    /** What {@code save_pretrained} writes: {@code json.dumps(…, indent=2, sort_keys=True)}. */
    public static final JsonText HUGGING_FACE = new JsonText(2, ",", true, true);

    /** The value's text, without a line feed at its end. */
    public String write(JsonValue value) {
        StringBuilder out = new StringBuilder();
        append(out, value, 0);
        return out.toString();
    }

    private void append(StringBuilder out, JsonValue value, int depth) {
        switch (value) {
            case JsonNull ignored -> out.append("null");
            case JsonBoolean(boolean b) -> out.append(b);
            case JsonNumber(String text) -> out.append(text);
            case JsonString(String text) -> quote(out, text);
            case JsonArray(var items) -> {
                if (items.isEmpty()) {
                    out.append("[]");
                    return;
                }
                out.append('[');
                for (Iterator<JsonValue> it = items.iterator(); it.hasNext(); ) {
                    line(out, depth + 1);
                    append(out, it.next(), depth + 1);
                    if (it.hasNext()) out.append(separator);
                }
                line(out, depth);
                out.append(']');
            }
            case JsonObject(var members) -> {
                if (members.isEmpty()) {
                    out.append("{}");
                    return;
                }
                out.append('{');
                Map<String, JsonValue> ordered = sortKeys ? new TreeMap<>(members) : members;
                for (Iterator<Map.Entry<String, JsonValue>> it = ordered.entrySet().iterator();
                        it.hasNext(); ) {
                    Map.Entry<String, JsonValue> member = it.next();
                    line(out, depth + 1);
                    quote(out, member.getKey());
                    out.append(indent > 0 || separator.length() > 1 ? ": " : ":");
                    append(out, member.getValue(), depth + 1);
                    if (it.hasNext()) out.append(separator);
                }
                line(out, depth);
                out.append('}');
            }
        }
    }

    private void line(StringBuilder out, int depth) {
        if (indent > 0) out.append('\n').repeat(' ', indent * depth);
    }

    private void quote(StringBuilder out, String text) {
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
                    if (c < 0x20
                            || (asciiOnly && c > 0x7e)
                            || (!asciiOnly && Character.isSurrogate(c) && lone(text, i))) {
                        out.append("\\u").append(hex(c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean lone(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
    }

    private static String hex(char c) {
        return java.util.HexFormat.of().toHexDigits(c);
    }
}
