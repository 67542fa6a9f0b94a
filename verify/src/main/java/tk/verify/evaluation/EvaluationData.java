package tk.verify.evaluation;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.filekind.TextFile;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.verify.evaluation.EvaluationItem.Choice;
import tk.verify.evaluation.EvaluationItem.Generation;
import tk.verify.evaluation.EvaluationItem.Text;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads an evaluation's data: a JSON object a line, empty lines left out. What an object is follows
 * from its members; further ones are left out.
 *
 * <ul>
 *   <li>{@code {"prompt", "choices": [text, …], "answer": index or text}}
 *   <li>{@code {"prompt", "reference": text}} or {@code {"prompt", "references": [text, …]}}, with
 *       {@code "max_tokens"} and {@code "stop"} (a text or several) where wanted
 *   <li>{@code {"text"}}
 * </ul>
 */
public final class EvaluationData {
    private static final String FORMS =
            "Each line is {\"prompt\", \"choices\", \"answer\"}, {\"prompt\", \"reference\"} or {\"text\"}: see tk eval --help.";

    private final String place;
    private final JsonObject object;

    private EvaluationData(String place, JsonObject object) {
        this.place = place;
        this.object = object;
    }

    /**
     * All items of a file.
     *
     * @throws MalformedException that names the line which is none of the forms
     */
    public static List<EvaluationItem> read(Path file) {
        List<String> lines = TextFile.read(file).lines().toList();
        List<EvaluationItem> items = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.isBlank()) continue;
            items.add(item(file + ": line " + (i + 1), line));
        }
        if (items.isEmpty()) throw new MalformedException(file + ": no items", FORMS);
        return items;
    }

    private static EvaluationItem item(String place, String line) {
        JsonValue value;
        try {
            value = Json.parse(line.getBytes(StandardCharsets.UTF_8), place);
        } catch (TkException e) {
            throw new MalformedException(String.valueOf(e.getMessage()), FORMS, e);
        }
        if (!(value instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected a JSON object", FORMS);
        }
        EvaluationData data = new EvaluationData(place, object);
        if (object.get("choices").isPresent()) return data.choice();
        if (object.get("reference").isPresent() || object.get("references").isPresent()) {
            return data.generation();
        }
        if (object.get("text").isPresent()) return new Text(data.text("text"));
        throw data.malformed("expected `choices`, `reference` or `text`");
    }

    private Choice choice() {
        List<String> choices = texts("choices");
        if (choices.size() < 2) throw malformed("`choices`: expected two or more texts");
        int answer =
                switch (object.get("answer").orElse(new JsonString(""))) {
                    case JsonNumber number ->
                            Math.clamp(number.asLong().orElse(-1L), -1, Integer.MAX_VALUE);
                    case JsonString text -> choices.indexOf(text.value());
                    default -> -1;
                };
        if (answer < 0 || answer >= choices.size()) {
            throw malformed("`answer`: expected one of the choices, or its index from 0");
        }
        return new Choice(text("prompt"), choices, answer);
    }

    private Generation generation() {
        List<String> references =
                texts(object.get("references").isPresent() ? "references" : "reference");
        if (references.isEmpty()) throw malformed("`references`: expected one or more texts");
        long most =
                switch (object.get("max_tokens").orElse(new JsonNumber("0"))) {
                    case JsonNumber number -> number.asLong().orElse(-1L);
                    case JsonNull absent -> 0;
                    default -> -1;
                };
        if (most < 0 || most > 1 << 20) {
            throw malformed("`max_tokens`: expected a whole number up to " + (1 << 20));
        }
        List<String> stops = object.get("stop").isPresent() ? texts("stop") : List.of();
        return new Generation(text("prompt"), references, (int) most, stops);
    }

    private String text(String name) {
        return object.string(name).orElseThrow(() -> malformed("`" + name + "`: expected a text"));
    }

    /** A list of texts, or one text. */
    private List<String> texts(String name) {
        List<String> texts = new ArrayList<>();
        switch (object.get(name).orElse(new JsonArray(List.of()))) {
            case JsonString one -> texts.add(one.value());
            case JsonArray list -> {
                for (JsonValue item : list.items()) {
                    if (!(item instanceof JsonString one)) {
                        throw malformed("`" + name + "`: expected texts");
                    }
                    texts.add(one.value());
                }
            }
            default -> throw malformed("`" + name + "`: expected a text or a list of texts");
        }
        return texts;
    }

    private MalformedException malformed(String what) {
        return new MalformedException(place + ": " + what, FORMS);
    }
}
