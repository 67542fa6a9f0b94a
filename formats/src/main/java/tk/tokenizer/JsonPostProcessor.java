package tk.tokenizer;

import tk.error.MalformedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.List;

/**
 * The {@code post_processor} of a tokenizer.json: the tokens around a text.
 *
 * @param before ids before it
 * @param after ids after it
 */
record JsonPostProcessor(List<Integer> before, List<Integer> after) {
    /**
     * Reads it; what adds no token is left out.
     *
     * @param place what to call it in errors
     */
    static JsonPostProcessor parse(JsonValue value, String place) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        if (value instanceof JsonObject object) add(object, before, after, place);
        return new JsonPostProcessor(List.copyOf(before), List.copyOf(after));
    }

    private static void add(
            JsonObject object, List<Integer> before, List<Integer> after, String place) {
        switch (object.string("type").orElse("")) {
            case "Sequence" -> {
                for (JsonValue part : items(object, "processors")) {
                    if (part instanceof JsonObject step) add(step, before, after, place);
                }
            }
            case "TemplateProcessing" -> template(object, before, after, place);
            case "RobertaProcessing", "BertProcessing" -> {
                before.addFirst(id(items(object, "cls"), 1, place));
                after.addLast(id(items(object, "sep"), 1, place));
            }
            default -> {} // ByteLevel only moves offsets
        }
    }

    private static void template(
            JsonObject object, List<Integer> before, List<Integer> after, String place) {
        List<Integer> first = new ArrayList<>();
        boolean text = false;
        for (JsonValue item : items(object, "single")) {
            if (!(item instanceof JsonObject piece)) continue;
            if (piece.object("Sequence").isPresent()) text = true;
            var name = piece.object("SpecialToken").flatMap(token -> token.string("id"));
            if (name.isEmpty()) continue;
            List<JsonValue> ids =
                    object.object("special_tokens")
                            .flatMap(tokens -> tokens.object(name.get()))
                            .map(token -> items(token, "ids"))
                            .orElse(List.of());
            for (int i = 0; i < ids.size(); i++) (text ? after : first).add(id(ids, i, place));
        }
        before.addAll(0, first);
    }

    private static List<JsonValue> items(JsonObject object, String name) {
        return object.array(name).map(JsonArray::items).orElse(List.of());
    }

    private static int id(List<JsonValue> ids, int index, String place) {
        if (index < ids.size()
                && ids.get(index) instanceof JsonNumber number
                && number.asLong().orElse(-1L) >= 0
                && number.asLong().get() < TokenizerJson.MAX_TOKENS) {
            return (int) (long) number.asLong().get();
        }
        throw new MalformedException(place + ": expected the id of a token");
    }
}
