package tk.model;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufValueType;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.json.PythonJson;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * GGUF metadata as JSON, under its own keys and in its own order.
 *
 * <p>A 32-bit float has the shortest digits that give it back; one that is no number, which JSON
 * has no word for, is a string.
 */
final class GgufJson {
    private GgufJson() {}

    static JsonObject of(GgufMetadata metadata) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        metadata.values().forEach((key, value) -> members.put(key, of(value)));
        return new JsonObject(members);
    }

    private static JsonValue of(GgufValue value) {
        return switch (value) {
            case GgufValue.Whole(var type, long number) -> whole(type, number);
            case GgufValue.Float32(float number) -> number(number);
            case GgufValue.Float64(double number) -> number(number);
            case GgufValue.Bool(boolean bool) -> new JsonBoolean(bool);
            case GgufValue.Text(String text) -> new JsonString(text);
            case GgufValue.Texts(List<String> texts) ->
                    new JsonArray(texts.stream().<JsonValue>map(JsonString::new).toList());
            case GgufValue.Floats(float[] floats) -> {
                List<JsonValue> items = new ArrayList<>(floats.length);
                for (float item : floats) items.add(number(item));
                yield new JsonArray(items);
            }
            case GgufValue.Numbers list -> {
                List<JsonValue> items = new ArrayList<>(list.values().length);
                for (long item : list.values()) {
                    items.add(
                            switch (list.element()) {
                                case F64 -> number(Double.longBitsToDouble(item));
                                case BOOL -> new JsonBoolean(item != 0);
                                default -> whole(list.element(), item);
                            });
                }
                yield new JsonArray(items);
            }
        };
    }

    private static JsonValue whole(GgufValueType type, long value) {
        return new JsonNumber(
                type == GgufValueType.U64 ? Long.toUnsignedString(value) : Long.toString(value));
    }

    private static JsonValue number(float value) {
        return Float.isFinite(value)
                ? PythonJson.ofFloat(Double.parseDouble(Float.toString(value)))
                : new JsonString(Float.toString(value));
    }

    private static JsonValue number(double value) {
        return Double.isFinite(value)
                ? PythonJson.ofFloat(value)
                : new JsonString(Double.toString(value));
    }
}
