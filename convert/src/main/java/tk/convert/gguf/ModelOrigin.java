package tk.convert.gguf;

import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * What is told about a model outside its weights: what {@code general.*} is made from.
 *
 * @param id the folder's name, or the file's without its extension
 * @param card the front matter of its model card
 * @param config its {@code config.json}, as it is
 * @param generation its {@code generation_config.json}
 * @param notes what could not be read
 */
public record ModelOrigin(
        String id,
        Optional<JsonObject> card,
        JsonObject config,
        Optional<JsonObject> generation,
        List<String> notes) {

    private static final long MAX_CARD = 1 << 24;

    /** Copies the list. */
    public ModelOrigin {
        notes = List.copyOf(notes);
    }

    /** A model of which nothing is told but its name. */
    public static ModelOrigin named(String id) {
        return new ModelOrigin(
                id,
                Optional.empty(),
                new JsonObject(new LinkedHashMap<>()),
                Optional.empty(),
                List.of());
    }

    /**
     * What a Hugging Face folder tells.
     *
     * @param config its {@code config.json}
     */
    public static ModelOrigin of(Path folder, JsonObject config) {
        Optional<JsonObject> card = Optional.empty();
        List<String> notes = List.of();
        Path readme = folder.resolve("README.md");
        if (Files.isRegularFile(readme)) {
            try {
                if (Files.size(readme) > MAX_CARD) throw new IOException("too large for a card");
                card = FrontMatter.of(Files.readString(readme));
            } catch (FrontMatter.Unreadable | IOException e) {
                notes =
                        List.of(
                                "%s: its front matter is left out: %s"
                                        .formatted(readme, e.getMessage()));
            }
        }
        return new ModelOrigin(nameOf(folder), card, config, generation(folder), notes);
    }

    private static Optional<JsonObject> generation(Path folder) {
        Path file = folder.resolve("generation_config.json");
        if (!Files.isRegularFile(file)) return Optional.empty();
        try {
            return Optional.of(Json.readObject(file));
        } catch (MalformedException e) {
            // Not every published one is valid; only sampling hints are lost.
            return Optional.empty();
        }
    }

    /** The last name of a path, also where it is written as {@code .} or ends in a separator. */
    public static String nameOf(Path path) {
        Path name = path.toAbsolutePath().normalize().getFileName();
        return name == null ? "" : name.toString();
    }

    /** The name of a file without its extension. */
    public static String stemOf(Path file) {
        String name = nameOf(file);
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }
}
