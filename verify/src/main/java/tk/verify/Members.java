package tk.verify;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.SequencedMap;

/** Collects a JSON object's members in order. */
final class Members {
    private final SequencedMap<String, JsonValue> members = new LinkedHashMap<>();

    /** Adds a member: anything {@link JsonValue#of} takes. */
    Members put(String name, Object value) {
        members.put(name, JsonValue.of(value));
        return this;
    }

    /** The object so far. */
    JsonObject object() {
        return new JsonObject(members);
    }
}
