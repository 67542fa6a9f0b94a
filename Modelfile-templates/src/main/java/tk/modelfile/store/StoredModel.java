package tk.modelfile.store;

import tk.checkpoint.Sha256;
import tk.error.IoException;
import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * A model as {@code ollama list} shows it.
 *
 * @param manifest the manifest's file
 * @param digest SHA-256 of the manifest, 64 hexadecimal digits
 * @param bytes of all its blobs
 * @param modified when the manifest was written
 * @param config what its configuration says; empty where that cannot be read
 */
public record StoredModel(
        ModelName name,
        Path manifest,
        String digest,
        long bytes,
        Instant modified,
        JsonObject config) {

    /** The models of a store, newest first, and what is wrong with those that cannot be read. */
    public record Listing(List<StoredModel> models, List<String> problems) {
        /** Copies the lists. */
        public Listing {
            models = List.copyOf(models);
            problems = List.copyOf(problems);
        }
    }

    /** All models of a store. */
    public static Listing list(OllamaStore store) {
        List<StoredModel> models = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (ModelName name : store.manifests().keySet()) {
            try {
                models.add(of(store, name));
            } catch (TkException e) {
                problems.add(e.getMessage());
            }
        }
        models.sort((a, b) -> b.modified().compareTo(a.modified()));
        return new Listing(models, problems);
    }

    static StoredModel of(OllamaStore store, ModelName name) {
        Path file = store.manifests().get(name);
        if (file == null) {
            throw new IoException(
                    store.root() + ": no model `" + name + "`", "See: tk ollama list");
        }
        byte[] bytes = OllamaStore.read(file);
        Manifest parsed = Manifest.parse(bytes, file.toString());
        try {
            return new StoredModel(
                    name,
                    file,
                    Sha256.of(bytes),
                    parsed.size(),
                    Files.getLastModifiedTime(file).toInstant(),
                    config(store, parsed).orElse(new JsonObject(new LinkedHashMap<>())));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private static Optional<JsonObject> config(OllamaStore store, Manifest manifest) {
        Path blob = store.blob(manifest.config().sha256());
        try {
            return Json.parse(OllamaStore.read(blob), blob.toString()) instanceof JsonObject object
                    ? Optional.of(object)
                    : Optional.empty();
        } catch (TkException damaged) {
            return Optional.empty();
        }
    }

    /** What {@code ollama list} prints as ID. */
    public String id() {
        return digest.substring(0, 12);
    }
}
