package tk.modelfile;

import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A prompt with the JSON in it spelled in one way. Python writes a space after each comma, keeps
 * the order of members and escapes little; Go writes none, sorts the members of maps and escapes
 * {@code < > &}: a template can do nothing about it.
 *
 * <p>Objects and lists anywhere are JSON, and strings that are a line of their own.
 */
final class JsonSpelling {
    private final String text;
    private final StringBuilder out = new StringBuilder();

    private JsonSpelling(String text) {
        this.text = text;
    }

    static String unified(String text) {
        JsonSpelling spelling = new JsonSpelling(text);
        int at = 0;
        while (at < text.length()) at = spelling.copy(at);
        return spelling.out.toString();
    }

    /** Copies a character, or a JSON value, and gives the place after it. */
    private int copy(int at) {
        char c = text.charAt(at);
        boolean begins = c == '{' || c == '[' || c == '"' && at > 0 && text.charAt(at - 1) == '\n';
        int end = begins ? end(at) : -1;
        if (end > 0) {
            try {
                JsonValue value =
                        Json.parse(
                                text.substring(at, end).getBytes(StandardCharsets.UTF_8), "prompt");
                out.append(JsonText.COMPACT.write(sorted(value)));
                return end;
            } catch (TkException noJson) {
                // Braces of another language: copied as they are.
            }
        }
        out.append(c);
        return at + 1;
    }

    /** Behind the bracket or quotation mark that closes the one here; -1 where none does. */
    private int end(int from) {
        int depth = 0;
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c == '\\') i++;
                else if (c == '"') quoted = false;
            } else {
                switch (c) {
                    case '"' -> quoted = true;
                    case '{', '[' -> depth++;
                    case '}', ']' -> depth--;
                    default -> {}
                }
            }
            if (depth == 0 && !quoted) return i + 1;
        }
        return -1;
    }

    private static JsonValue sorted(JsonValue value) {
        return switch (value) {
            case JsonObject(var members) -> {
                Map<String, JsonValue> sorted = new TreeMap<>();
                members.forEach((name, item) -> sorted.put(name, sorted(item)));
                yield new JsonObject(new LinkedHashMap<>(sorted));
            }
            case JsonArray(var items) ->
                    new JsonArray(items.stream().map(JsonSpelling::sorted).toList());
            case JsonNumber(String number) ->
                    new JsonNumber(new BigDecimal(number).stripTrailingZeros().toPlainString());
            default -> value;
        };
    }
}
