package tk.tokenizer;

import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;

import java.util.List;

/** A text with what a reference tokenizer makes of it. */
record ExpectedTokens(String text, int[] ids, String decoded) {
    /** The cases of a fixture. */
    static List<ExpectedTokens> read(String fixture) {
        return Json.readObject(Shared.path(fixture)).array("cases").orElseThrow().items().stream()
                .map(ExpectedTokens::of)
                .toList();
    }

    private static ExpectedTokens of(JsonValue value) {
        JsonObject test = (JsonObject) value;
        int[] ids =
                test.array("ids").orElseThrow().items().stream()
                        .mapToInt(id -> (int) (long) ((JsonNumber) id).asLong().orElseThrow())
                        .toArray();
        return new ExpectedTokens(
                test.string("text").orElseThrow(), ids, test.string("decoded").orElseThrow());
    }
}
