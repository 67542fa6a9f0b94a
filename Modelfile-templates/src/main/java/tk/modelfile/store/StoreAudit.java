package tk.modelfile.store;

import tk.checkpoint.Progress;
import tk.checkpoint.Sha256;
import tk.error.IoException;
import tk.error.TkException;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.store.Manifest.Layer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * What Ollama never checks again once a model is in its store: that every blob still hashes to its
 * name, that every manifest is whole, that every model can be parsed.
 *
 * @param models by name, each with what is wrong with it
 * @param blobs how many there are
 * @param bytes of all blobs
 * @param damaged blobs that do not hash to their names, whether a model uses them or not
 * @param unused blobs that no manifest names; Ollama removes them when it starts
 */
public record StoreAudit(
        List<Model> models, int blobs, long bytes, List<Path> damaged, List<Path> unused) {
    private static final Pattern BLOB = Pattern.compile("sha256[-:]([0-9a-fA-F]{64})");

    /** Copies the lists. */
    public StoreAudit {
        models = List.copyOf(models);
        damaged = List.copyOf(damaged);
        unused = List.copyOf(unused);
    }

    /**
     * A name, and what is wrong with what it stands for.
     *
     * @param problems empty where nothing is
     */
    public record Model(ModelName name, Path manifest, List<String> problems) {
        /** Copies the list. */
        public Model {
            problems = List.copyOf(problems);
        }
    }

    /** Whether nothing is wrong. */
    public boolean pass() {
        return damaged.isEmpty() && models.stream().allMatch(m -> m.problems().isEmpty());
    }

    /**
     * Reads and hashes every byte of a store.
     *
     * @throws IoException where the store is not there or cannot be read
     */
    public static StoreAudit of(OllamaStore store, Progress progress) {
        if (!Files.isDirectory(store.root())) {
            throw new IoException(
                    store.root() + ": no such folder",
                    "Set OLLAMA_MODELS to the store, or name it: tk ollama audit DIR.");
        }
        Map<Path, String> hashes = hashes(store, progress);
        List<Path> damaged =
                hashes.entrySet().stream()
                        .filter(blob -> !named(blob.getKey()).equals(Optional.of(blob.getValue())))
                        .map(Map.Entry::getKey)
                        .toList();
        Set<Path> used = new HashSet<>();
        List<Model> models = new ArrayList<>();
        store.manifests()
                .forEach((name, file) -> models.add(model(store, name, file, damaged, used)));
        List<Path> unused = hashes.keySet().stream().filter(blob -> !used.contains(blob)).toList();
        long bytes = hashes.keySet().stream().mapToLong(StoreAudit::size).sum();
        return new StoreAudit(models, hashes.size(), bytes, damaged, unused);
    }

    private static Map<Path, String> hashes(OllamaStore store, Progress progress) {
        List<Path> files =
                store.blobFiles().stream().filter(file -> named(file).isPresent()).toList();
        progress.stage("hashing", files.stream().mapToLong(StoreAudit::size).sum());
        Map<Path, String> hashes = new LinkedHashMap<>();
        for (Path file : files) {
            hashes.put(file, Sha256.of(file));
            progress.advance(size(file));
        }
        return hashes;
    }

    /** The hash that a blob's name says. */
    private static Optional<String> named(Path blob) {
        var m = BLOB.matcher(String.valueOf(blob.getFileName()));
        return m.matches() && Files.isRegularFile(blob)
                ? Optional.of(m.group(1).toLowerCase(Locale.ROOT))
                : Optional.empty();
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private static Model model(
            OllamaStore store, ModelName name, Path file, List<Path> damaged, Set<Path> used) {
        List<String> problems = new ArrayList<>();
        try {
            byte[] bytes = OllamaStore.read(file);
            used.add(store.blob(Sha256.of(bytes)));
            Manifest manifest = Manifest.parse(bytes, file.toString());
            check(store, manifest, damaged, used, problems);
        } catch (TkException e) {
            problems.add(e.getMessage());
        }
        return new Model(name, file, problems);
    }

    private static void check(
            OllamaStore store,
            Manifest manifest,
            List<Path> damaged,
            Set<Path> used,
            List<String> problems) {
        long models =
                manifest.layers().stream()
                        .filter(layer -> layer.mediaType().equals(Manifest.MODEL))
                        .count();
        Optional<String> family = Optional.empty();
        for (Layer layer : manifest.blobs()) {
            Path blob = store.blob(layer.sha256());
            used.add(blob);
            String what = kind(layer) + " " + blob;
            if (!Files.isRegularFile(blob)) {
                problems.add(what + ": missing");
                continue;
            }
            if (size(blob) != layer.size()) {
                problems.add(
                        String.format(
                                Locale.ROOT,
                                "%s: %,d bytes, expected %,d",
                                what,
                                size(blob),
                                layer.size()));
                continue;
            }
            if (damaged.contains(blob)) {
                problems.add(what + ": its bytes do not hash to its name");
                continue;
            }
            try {
                family = LayerCheck.run(layer, blob, models == 1).or(copyOf(family));
            } catch (TkException e) {
                problems.add(e.getMessage());
            }
        }
        if (problems.isEmpty()) checkConfig(store, manifest, models, family, problems);
    }

    private static Supplier<Optional<String>> copyOf(Optional<String> found) {
        return () -> found;
    }

    /** The configuration must speak of the model that is there. */
    private static void checkConfig(
            OllamaStore store,
            Manifest manifest,
            long models,
            Optional<String> family,
            List<String> problems) {
        Path blob = store.blob(manifest.config().sha256());
        if (!(Json.parse(OllamaStore.read(blob), blob.toString()) instanceof JsonObject config)) {
            problems.add(blob + ": expected a JSON object");
            return;
        }
        String format = config.string("model_format").orElse("");
        if ((format.isEmpty() || format.equals("gguf"))
                && models == 0
                && config.string("remote_host").isEmpty()) {
            problems.add(blob + ": no layer holds the model");
        }
        String said = config.string("model_family").orElse("");
        if (family.isPresent() && !said.isEmpty() && !family.get().equals(said)) {
            problems.add(
                    "%s: model_family %s, but the GGUF is %s".formatted(blob, said, family.get()));
        }
    }

    private static String kind(Layer layer) {
        return layer.mediaType().equals(Manifest.CONFIG)
                ? "config"
                : layer.mediaType().substring(layer.mediaType().lastIndexOf('.') + 1);
    }
}
