package tk.modelfile.store;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * JSON as Go's {@code json.NewEncoder} writes it, byte for byte: one line and a line feed; {@code <
 * > &} and the line separators U+2028 and U+2029 escaped, all other text as it is.
 */
final class GoJson {
    private GoJson() {}

    static byte[] bytes(JsonValue value) {
        StringBuilder out = new StringBuilder();
        append(out, value);
        return out.append('\n').toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void append(StringBuilder out, JsonValue value) {
        switch (value) {
            case JsonNull ignored -> out.append("null");
            case JsonBoolean(boolean b) -> out.append(b);
            case JsonNumber(String text) -> out.append(text);
            case JsonString(String text) -> quote(out, text);
            case JsonArray(var items) -> {
                String separator = "[";
                for (JsonValue item : items) {
                    append(out.append(separator), item);
                    separator = ",";
                }
                out.append(items.isEmpty() ? "[]" : "]");
            }
            case JsonObject(var members) -> {
                String separator = "{";
                for (Map.Entry<String, JsonValue> member : members.entrySet()) {
                    quote(out.append(separator), member.getKey());
                    append(out.append(':'), member.getValue());
                    separator = ",";
                }
                out.append(members.isEmpty() ? "{}" : "}");
            }
        }
    }

    private static void quote(StringBuilder out, String text) {
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
        String hex = Integer.toHexString(c);
        out.append("\\u").append("0".repeat(4 - hex.length())).append(hex);
    }
}
