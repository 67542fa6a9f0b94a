package tk.verify.corpus;

import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The built-in texts: what tokenizers trip over, and prompts to compare logits on.
 *
 * <p>Written for this project. Turkish and English prose, code, emoji, all normalisation forms,
 * spaces of every kind, other scripts, numbers, repetition, and the spellings of special tokens.
 */
public final class Corpus {
    private Corpus() {}

    /** The texts for tokenizers, by what they try. */
    public static SequencedMap<String, List<String>> texts() {
        return read("texts.json");
    }

    /** Beginnings of texts, a few words each. */
    public static List<String> shortPrompts() {
        return read("prompts.json").getOrDefault("short", List.of());
    }

    /** Texts of some three hundred words. */
    public static List<String> longPrompts() {
        return read("prompts.json").getOrDefault("long", List.of());
    }

    /** Beginnings that a model is made to continue. */
    public static List<String> greedyPrompts() {
        return read("prompts.json").getOrDefault("greedy", List.of());
    }

    private static SequencedMap<String, List<String>> read(String name) {
        try (InputStream in = Corpus.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException("no resource " + name);
            JsonObject file = (JsonObject) Json.parse(in.readAllBytes(), name);
            SequencedMap<String, List<String>> lists = new LinkedHashMap<>();
            file.members()
                    .forEach(
                            (key, value) -> {
                                List<String> texts = new ArrayList<>();
                                if (value instanceof JsonArray(var items)) {
                                    for (var item : items) {
                                        if (item instanceof JsonString(String text)) {
                                            texts.add(text);
                                        }
                                    }
                                }
                                lists.put(key, texts);
                            });
            return lists;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
