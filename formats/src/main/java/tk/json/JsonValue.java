package tk.json;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** A JSON value. Immutable; objects keep the order of their members. */
public sealed interface JsonValue {
    /** {@code null}. */
    enum JsonNull implements JsonValue {
        NULL
    }

    /** {@code true} or {@code false}. */
    record JsonBoolean(boolean value) implements JsonValue {}

    /**
     * A number as it is spelled: {@code 1e-05} stays {@code 1e-05}.
     *
     * @param text a JSON number
     */
    record JsonNumber(String text) implements JsonValue {
        /** Of a whole number. */
        public static JsonNumber of(long value) {
            return new JsonNumber(Long.toString(value));
        }

        /** Of a finite number, in Java's shortest spelling. */
        public static JsonNumber of(double value) {
            if (!Double.isFinite(value)) throw new IllegalArgumentException("JSON has no " + value);
            return new JsonNumber(Double.toString(value));
        }

        /** Whether it is spelled without fraction and exponent. */
        public boolean isWhole() {
            return text.chars().noneMatch(c -> c == '.' || c == 'e' || c == 'E');
        }

        /** Its value, rounded to the nearest double. */
        public double asDouble() {
            return Double.parseDouble(text);
        }

        /** Its value where it is a whole number (also spelled {@code 4096.0}) within 64 bits. */
        public Optional<Long> asLong() {
            try {
                return Optional.of(new java.math.BigDecimal(text).longValueExact());
            } catch (ArithmeticException | NumberFormatException e) {
                return Optional.empty();
            }
        }
    }

    /** A string. */
    record JsonString(String value) implements JsonValue {}

    /** A list of values. */
    record JsonArray(List<JsonValue> items) implements JsonValue {
        /** Copies the list. */
        public JsonArray {
            items = List.copyOf(items);
        }
    }

    /** Members by name, in order. */
    record JsonObject(SequencedMap<String, JsonValue> members) implements JsonValue {
        /** Copies the map. */
        public JsonObject {
            members = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(members));
        }

        /** The member of that name, unless it is absent. */
        public Optional<JsonValue> get(String name) {
            return Optional.ofNullable(members.get(name));
        }

        /** The member of that name where it is a string. */
        public Optional<String> string(String name) {
            return members.get(name) instanceof JsonString s
                    ? Optional.of(s.value())
                    : Optional.empty();
        }

        /** The member of that name where it is a number. */
        public Optional<JsonNumber> number(String name) {
            return members.get(name) instanceof JsonNumber n ? Optional.of(n) : Optional.empty();
        }

        /** The member of that name where it is a boolean. */
        public Optional<Boolean> bool(String name) {
            return members.get(name) instanceof JsonBoolean b
                    ? Optional.of(b.value())
                    : Optional.empty();
        }

        /** The member of that name where it is an object. */
        public Optional<JsonObject> object(String name) {
            return members.get(name) instanceof JsonObject o ? Optional.of(o) : Optional.empty();
        }

        /** The member of that name where it is a list. */
        public Optional<JsonArray> array(String name) {
            return members.get(name) instanceof JsonArray a ? Optional.of(a) : Optional.empty();
        }

        /** This object with one member set; a new one comes last. */
        public JsonObject with(String name, JsonValue value) {
            SequencedMap<String, JsonValue> copy = new LinkedHashMap<>(members);
            copy.put(name, value);
            return new JsonObject(copy);
        }

        /** This object without a member. */
        public JsonObject without(String name) {
            SequencedMap<String, JsonValue> copy = new LinkedHashMap<>(members);
            copy.remove(name);
            return new JsonObject(copy);
        }
    }

    /**
     * The JSON value that a Java value stands for: null, Boolean, Number, String, List, Map with
     * string keys, JsonValue.
     */
    static JsonValue of(@org.jspecify.annotations.Nullable Object value) {
        return switch (value) {
            case null -> JsonNull.NULL;
            case JsonValue json -> json;
            case Boolean b -> new JsonBoolean(b);
            case Integer i -> JsonNumber.of(i);
            case Long l -> JsonNumber.of(l);
            case Float f -> new JsonNumber(f.toString());
            case Double d -> JsonNumber.of(d);
            case CharSequence s -> new JsonString(s.toString());
            case Optional<?> o -> of(o.orElse(null));
            case List<?> list -> new JsonArray(list.stream().map(JsonValue::of).toList());
            case Map<?, ?> map -> {
                SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
                map.forEach((k, v) -> members.put(String.valueOf(k), of(v)));
                yield new JsonObject(members);
            }
            default -> throw new IllegalArgumentException("no JSON for " + value.getClass());
        };
    }
}
