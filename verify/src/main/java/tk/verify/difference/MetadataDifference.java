package tk.verify.difference;

import org.jspecify.annotations.Nullable;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.verify.settings.Setting;
import tk.verify.settings.Settings;
import tk.verify.tokens.Vocabulary;
import tk.verify.tokens.Vocabulary.Entry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A key with two values.
 *
 * @param key as the files spell it; where they spell it differently, both names
 * @param a the first's value; empty where it has none
 * @param b the second's
 */
public record MetadataDifference(String key, Optional<String> a, Optional<String> b) {
    /** Longer lists are told by their length and the first place where they differ. */
    private static final int SHOWN = 8;

    /** Of two GGUF files, by their own keys. */
    static List<MetadataDifference> of(GgufMetadata a, GgufMetadata b) {
        List<MetadataDifference> found = new ArrayList<>();
        TreeSet<String> keys = new TreeSet<>(a.values().keySet());
        keys.addAll(b.values().keySet());
        for (String key : keys) {
            List<?> x = a.get(key).map(MetadataDifference::items).orElse(null);
            List<?> y = b.get(key).map(MetadataDifference::items).orElse(null);
            if (Objects.equals(x, y)) continue;
            found.add(
                    new MetadataDifference(
                            key,
                            Optional.ofNullable(x).map(list -> text(list, y)),
                            Optional.ofNullable(y).map(list -> text(list, x))));
        }
        return found;
    }

    /** A value as a list: of one, where it is none. */
    private static List<?> items(GgufValue value) {
        return switch (value) {
            case GgufValue.Texts texts -> texts.values();
            case GgufValue.Floats floats -> {
                List<Float> list = new ArrayList<>();
                for (float f : floats.values()) list.add(f);
                yield list;
            }
            case GgufValue.Numbers numbers -> Arrays.stream(numbers.values()).boxed().toList();
            case GgufValue.Whole whole -> List.of(whole.value());
            case GgufValue.Float32 single -> List.of(single.value());
            case GgufValue.Float64 number -> List.of(number.value());
            case GgufValue.Bool bool -> List.of(bool.value());
            case GgufValue.Text text -> List.of(text.value());
        };
    }

    private static String text(List<?> list, @Nullable List<?> other) {
        if (list.size() == 1) return String.valueOf(list.getFirst());
        if (list.size() <= SHOWN) return list.toString();
        int at = 0;
        while (other != null
                && at < Math.min(list.size(), other.size())
                && Objects.equals(list.get(at), other.get(at))) at++;
        String length = list.size() + " items";
        return other == null || at >= list.size()
                ? length
                : "%s, [%d] %s".formatted(length, at, list.get(at));
    }

    /** Of two {@code config.json}. */
    static List<MetadataDifference> of(JsonObject a, JsonObject b) {
        Map<String, String> x = new TreeMap<>();
        Map<String, String> y = new TreeMap<>();
        flatten("", a, x);
        flatten("", b, y);
        TreeSet<String> keys = new TreeSet<>(x.keySet());
        keys.addAll(y.keySet());
        List<MetadataDifference> found = new ArrayList<>();
        for (String key : keys) {
            if (Objects.equals(x.get(key), y.get(key))) continue;
            found.add(
                    new MetadataDifference(
                            key, Optional.ofNullable(x.get(key)), Optional.ofNullable(y.get(key))));
        }
        return found;
    }

    private static void flatten(String prefix, JsonObject object, Map<String, String> into) {
        for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
            String key = prefix + member.getKey();
            switch (member.getValue()) {
                case JsonObject nested -> flatten(key + ".", nested, into);
                case JsonArray list -> into.put(key, JsonText.COMPACT.write(list));
                case JsonValue.JsonString text -> into.put(key, text.value());
                case JsonValue.JsonNumber number -> into.put(key, plain(number));
                case JsonValue value -> into.put(key, JsonText.COMPACT.write(value));
            }
        }
    }

    /** {@code 1e-05} and {@code 0.00001} are one number. */
    private static String plain(JsonValue.JsonNumber number) {
        return number.asLong()
                .map(String::valueOf)
                .orElseGet(() -> Double.toString(number.asDouble()));
    }

    /** Of different formats: what steers the computation, by its meaning. */
    static List<MetadataDifference> of(Settings a, Settings b) {
        List<MetadataDifference> found = new ArrayList<>();
        for (Setting setting : Setting.values()) {
            Double x = a.values().get(setting);
            Double y = b.values().get(setting);
            // GGUF keeps F32.
            if (x == null && y == null
                    || x != null && y != null && (float) (double) x == (float) (double) y) {
                continue;
            }
            add(found, a.names().apply(setting), b.names().apply(setting), number(x), number(y));
        }
        if (!a.rotary().method().equals(b.rotary().method())) {
            add(
                    found,
                    "rope scaling",
                    "rope scaling",
                    Optional.of(a.rotary().method()),
                    Optional.of(b.rotary().method()));
        }
        return found;
    }

    /** Of different tokenizer files: tokens, merges and scores, as far as both have them. */
    static List<MetadataDifference> of(Vocabulary a, Vocabulary b) {
        List<MetadataDifference> found = new ArrayList<>();
        addList(found, "tokens", texts(a), texts(b));
        if (!a.merges().isEmpty() && !b.merges().isEmpty()) {
            addList(found, "merges", a.merges(), b.merges());
        }
        if (isScored(a) && isScored(b)) addList(found, "token scores", scores(a), scores(b));
        return found;
    }

    private static List<String> texts(Vocabulary vocabulary) {
        return vocabulary.used().stream().map(Entry::text).toList();
    }

    private static List<Float> scores(Vocabulary vocabulary) {
        return vocabulary.used().stream().map(Entry::score).toList();
    }

    private static boolean isScored(Vocabulary vocabulary) {
        return scores(vocabulary).stream().noneMatch(score -> score.isNaN());
    }

    private static void addList(List<MetadataDifference> to, String key, List<?> a, List<?> b) {
        if (a.equals(b)) return;
        to.add(new MetadataDifference(key, Optional.of(text(a, b)), Optional.of(text(b, a))));
    }

    private static Optional<String> number(@Nullable Double value) {
        return Optional.ofNullable(value)
                .map(v -> v == Math.rint(v) ? String.valueOf(v.longValue()) : v.toString());
    }

    private static void add(
            List<MetadataDifference> to,
            String nameA,
            String nameB,
            Optional<String> a,
            Optional<String> b) {
        String key = nameA.equals(nameB) ? nameA : nameA + " | " + nameB;
        to.add(new MetadataDifference(key, a, b));
    }
}
