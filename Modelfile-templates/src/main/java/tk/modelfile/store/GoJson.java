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
            case JsonString(String text) -> tk.gotemplate.GoJson.quote(out, text);
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
                    tk.gotemplate.GoJson.quote(out.append(separator), member.getKey());
                    append(out.append(':'), member.getValue());
                    separator = ",";
                }
                out.append(members.isEmpty() ? "{}" : "}");
            }
        }
    }
}
