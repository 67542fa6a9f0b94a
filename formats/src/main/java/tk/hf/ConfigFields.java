package tk.hf;

import tk.error.MalformedException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads a JSON object's members with bounds; every complaint names the file and the path of the
 * member in it.
 *
 * @param json the object
 * @param file what to call the file
 * @param path of the object within the file, empty or ending in a dot
 */
record ConfigFields(JsonObject json, String file, String path) {

    /** Whether the member is there and not null. */
    boolean has(String key) {
        return json.get(key).filter(v -> v != JsonNull.NULL).isPresent();
    }

    /** Whether the member is there and null. */
    boolean isNull(String key) {
        return json.get(key).filter(v -> v == JsonNull.NULL).isPresent();
    }

    /** A whole number from {@code min} to {@code max}; {@code absent} where it is left out. */
    int whole(String key, int absent, int min, int max) {
        return json.get(key).isEmpty() ? absent : whole(key, min, max);
    }

    /** A whole number from {@code min} to {@code max}. */
    int whole(String key, int min, int max) {
        return whole(key, required(key), min, max);
    }

    /** A whole number from {@code min} to {@code max}; empty where it is left out or null. */
    Optional<Integer> optionalWhole(String key, int min, int max) {
        return has(key) ? Optional.of(whole(key, min, max)) : Optional.empty();
    }

    private int whole(String key, JsonValue value, int min, int max) {
        if (value instanceof JsonNumber number) {
            Optional<Long> whole = number.asLong();
            if (whole.isPresent() && whole.get() >= min && whole.get() <= max)
                return Math.toIntExact(whole.get());
        }
        throw wrong(key, "a whole number from %d to %d".formatted(min, max), value);
    }

    /** A finite number of at least {@code min}, or above it where {@code open}. */
    double number(String key, double min, boolean open) {
        return number(key, required(key), min, open);
    }

    /** As {@link #number}; empty where it is left out or null. */
    Optional<Double> optionalNumber(String key, double min, boolean open) {
        return has(key) ? Optional.of(number(key, min, open)) : Optional.empty();
    }

    private double number(String key, JsonValue value, double min, boolean open) {
        if (value instanceof JsonNumber number) {
            double d = number.asDouble();
            if (Double.isFinite(d) && (open ? d > min : d >= min)) return d;
        }
        throw wrong(key, "a finite number " + (open ? "above " : "of at least ") + min, value);
    }

    /** A list of at most {@code most} finite numbers above zero. */
    List<Double> numbers(String key, int most) {
        JsonValue value = required(key);
        if (!(value instanceof JsonArray(var items)) || items.isEmpty() || items.size() > most) {
            throw wrong(key, "a list of 1 to %d numbers".formatted(most), value);
        }
        List<Double> numbers = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++)
            numbers.add(number(key + "[" + i + "]", items.get(i), 0, true));
        return numbers;
    }

    /** A boolean; {@code absent} where it is left out or null. */
    boolean bool(String key, boolean absent) {
        if (!has(key)) return absent;
        JsonValue value = required(key);
        if (value instanceof JsonBoolean(boolean b)) return b;
        throw wrong(key, "true or false", value);
    }

    /** A string; empty where it is left out or null. */
    Optional<String> string(String key) {
        if (!has(key)) return Optional.empty();
        JsonValue value = required(key);
        if (value instanceof JsonString(String text)) return Optional.of(text);
        throw wrong(key, "a string", value);
    }

    /** An object's fields; empty where it is left out or null. */
    Optional<ConfigFields> object(String key) {
        if (!has(key)) return Optional.empty();
        JsonValue value = required(key);
        if (value instanceof JsonObject object)
            return Optional.of(new ConfigFields(object, file, path + key + "."));
        throw wrong(key, "an object", value);
    }

    /**
     * A token id, or none for null and for -1, which old configs write for "none"; {@code absent}
     * where it is left out.
     */
    Optional<Integer> tokenId(String key, Optional<Integer> absent) {
        if (json.get(key).isEmpty()) return absent;
        return optionalWhole(key, -1, Integer.MAX_VALUE).filter(id -> id >= 0);
    }

    /** A token id or a list of them; {@code absent} where it is left out. */
    List<Integer> tokenIds(String key, List<Integer> absent) {
        if (json.get(key).isEmpty()) return absent;
        if (!(json.get(key).get() instanceof JsonArray(var items)))
            return tokenId(key, Optional.empty()).map(List::of).orElse(List.of());
        if (items.size() > 4096)
            throw wrong(key, "at most 4096 token ids", JsonNumber.of(items.size()));
        List<Integer> ids = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++)
            ids.add(whole(key + "[" + i + "]", items.get(i), 0, Integer.MAX_VALUE));
        return ids;
    }

    private JsonValue required(String key) {
        return json.get(key)
                .orElseThrow(
                        () ->
                                new MalformedException(
                                        "%s: %s%s: missing".formatted(file, path, key)));
    }

    /** What to throw where a member is not as expected. */
    MalformedException wrong(String key, String expected, JsonValue found) {
        String text = JsonText.COMPACT.write(found);
        if (text.length() > 60) text = text.substring(0, 57) + "...";
        return new MalformedException(
                "%s: %s%s: expected %s, found %s".formatted(file, path, key, expected, text));
    }
}
