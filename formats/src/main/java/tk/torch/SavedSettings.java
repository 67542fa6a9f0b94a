package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.PythonJson;
import tk.torch.PyValue.Bool;
import tk.torch.PyValue.Dict;
import tk.torch.PyValue.Int;
import tk.torch.PyValue.Items;
import tk.torch.PyValue.None;
import tk.torch.PyValue.Real;
import tk.torch.PyValue.Text;
import tk.torch.PyValue.Thing;
import tk.torch.PyValue.Tuple;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The model's settings that a training loop saved with the weights, such as {@code model_args}, or
 * a {@code Namespace} called {@code config}.
 *
 * <p>A dict, or an object's attributes, are settings of a model where they say how many heads it
 * has: no shape of any tensor tells that. Where several do, as llama2.c saves them twice, they are
 * taken together, and what they contradict each other in is left out.
 */
final class SavedSettings {
    /** What the number of heads is called: by Hugging Face, Meta, nanoGPT and others. */
    private static final Set<String> HEADS =
            Set.of("num_attention_heads", "n_heads", "n_head", "num_heads");

    private static final int DEEPEST = 6;
    private static final int MOST_STEPS = 1 << 16;
    private static final int MOST_VALUES = 1 << 12;
    private static final int LONGEST_TEXT = 1 << 10;

    private final Set<PyValue> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private final SequencedMap<String, JsonValue> found = new LinkedHashMap<>();
    private final Set<String> contradicted = new HashSet<>();
    private int steps;
    private int values;

    private SavedSettings() {}

    /** The settings anywhere in what was saved. */
    static Optional<JsonObject> of(PyValue root) {
        SavedSettings search = new SavedSettings();
        search.collect(root, 0);
        search.contradicted.forEach(search.found::remove);
        return search.found.isEmpty()
                ? Optional.empty()
                : Optional.of(new JsonObject(search.found));
    }

    private void collect(PyValue value, int depth) {
        if (depth > DEEPEST || ++steps > MOST_STEPS) return;
        switch (value) {
            case Thing thing when thing.attributes() != null ->
                    collect(thing.attributes(), depth + 1);
            case Dict dict when seen.add(dict) -> {
                if (saysHeads(dict)) take(dict);
                else dict.entries().values().forEach(inner -> collect(inner, depth + 1));
            }
            case Items list when seen.add(list) ->
                    list.items().forEach(inner -> collect(inner, depth + 1));
            case Tuple tuple when seen.add(tuple) ->
                    tuple.items().forEach(inner -> collect(inner, depth + 1));
            default -> {}
        }
    }

    private static boolean saysHeads(Dict dict) {
        return HEADS.stream().anyMatch(name -> dict.get(name) instanceof Int);
    }

    private void take(Dict dict) {
        dict.entries()
                .forEach(
                        (key, value) -> {
                            if (!(key instanceof Text(String name))) return;
                            @Nullable JsonValue json = json(value, 0);
                            if (json == null) return;
                            JsonValue before = found.putIfAbsent(name, json);
                            if (before != null && !before.equals(json)) contradicted.add(name);
                        });
    }

    /** The value, or null where it is no plain data. */
    private @Nullable JsonValue json(PyValue value, int depth) {
        if (depth > DEEPEST || ++values > MOST_VALUES) return null;
        return switch (value) {
            case None _ -> JsonValue.JsonNull.NULL;
            case Bool(boolean truth) -> JsonValue.of(truth);
            case Int(long number) -> JsonValue.of(number);
            case Real(double number) -> Double.isFinite(number) ? PythonJson.ofFloat(number) : null;
            case Text(String text) -> text.length() > LONGEST_TEXT ? null : JsonValue.of(text);
            case Items list -> array(list.items(), depth);
            case Tuple tuple -> array(tuple.items(), depth);
            case Dict dict -> object(dict, depth);
            default -> null;
        };
    }

    private @Nullable JsonValue array(List<PyValue> items, int depth) {
        List<JsonValue> array = new ArrayList<>();
        for (PyValue item : items) {
            @Nullable JsonValue json = json(item, depth + 1);
            if (json == null) return null;
            array.add(json);
        }
        return new JsonArray(array);
    }

    private JsonValue object(Dict dict, int depth) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        dict.entries()
                .forEach(
                        (key, value) -> {
                            if (!(key instanceof Text(String name))) return;
                            @Nullable JsonValue json = json(value, depth + 1);
                            if (json != null) members.put(name, json);
                        });
        return new JsonObject(members);
    }
}
