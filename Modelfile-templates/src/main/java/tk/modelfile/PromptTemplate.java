package tk.modelfile;

import tk.error.UsageException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A family's way to prompt, as tk ships it: data among this package's resources.
 *
 * @param name what {@code --template} calls it
 * @param description the models that are prompted so
 * @param text the Go template, without BOS, which the runtime adds
 * @param chatTemplate the Jinja chat template that it stands for
 * @param tokens that the vocabulary has to have, each as one
 * @param stops where an answer ends
 * @param parameters Ollama's, by name
 * @param systems the family's default system message by language ({@code en}, {@code tr}); empty
 *     where it uses none
 */
public record PromptTemplate(
        String name,
        String description,
        String text,
        String chatTemplate,
        List<String> tokens,
        List<String> stops,
        SequencedMap<String, String> parameters,
        SequencedMap<String, String> systems) {
    /** For base models: the system text, a blank line, the prompt; nothing else. */
    public static final String PLAIN = "plain";

    private static final List<String> NAMES = List.of(resource("names.txt").strip().split("\\s+"));

    /** Copies the collections. */
    public PromptTemplate {
        tokens = List.copyOf(tokens);
        stops = List.copyOf(stops);
        parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
        systems = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(systems));
    }

    /** The names of all, in the order in which they are tried. */
    public static List<String> names() {
        return NAMES;
    }

    /** All of them. */
    public static List<PromptTemplate> all() {
        return NAMES.stream().map(PromptTemplate::named).toList();
    }

    /**
     * One of them.
     *
     * @throws UsageException where there is none of that name
     */
    public static PromptTemplate named(String name) {
        if (!NAMES.contains(name)) {
            throw new UsageException(
                    "no template `" + name + "`",
                    "Templates: " + String.join(", ", NAMES) + ", or a file with one.");
        }
        String file = name + ".json";
        if (!(Json.parse(resource(file).getBytes(StandardCharsets.UTF_8), file)
                instanceof JsonObject json)) throw new IllegalStateException(file);
        return new PromptTemplate(
                name,
                json.string("description").orElseThrow(),
                resource(name + ".gotmpl"),
                resource(name + ".jinja"),
                texts(json, "tokens"),
                texts(json, "stop"),
                members(json, "parameters"),
                members(json, "system"));
    }

    /** The same with another text. */
    PromptTemplate withText(String other) {
        return new PromptTemplate(
                name, description, other, chatTemplate, tokens, stops, parameters, systems);
    }

    /** What the user has in a file of their own: nothing is known of it but the text. */
    public static PromptTemplate ofFile(String name, String text) {
        return new PromptTemplate(
                name,
                "the user's own",
                text,
                "",
                List.of(),
                List.of(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>());
    }

    /** The default system message, in this language where there is one, else in English. */
    public Optional<String> system(String language) {
        return Optional.ofNullable(systems.getOrDefault(language, systems.get("en")));
    }

    private static List<String> texts(JsonObject json, String name) {
        return json.array(name).map(JsonArray::items).orElse(List.of()).stream()
                .map(PromptTemplate::text)
                .toList();
    }

    private static SequencedMap<String, String> members(JsonObject json, String name) {
        SequencedMap<String, String> members = new LinkedHashMap<>();
        json.object(name).ifPresent(o -> o.members().forEach((k, v) -> members.put(k, text(v))));
        return members;
    }

    private static String text(JsonValue value) {
        if (value instanceof JsonString(String text)) return text;
        throw new IllegalStateException("not a string: " + value);
    }

    /** A file's text without the line feed at its end. */
    private static String resource(String file) {
        try (InputStream in = PromptTemplate.class.getResourceAsStream("templates/" + file)) {
            if (in == null)
                throw new IllegalStateException("template " + file + " is missing from tk itself");
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
