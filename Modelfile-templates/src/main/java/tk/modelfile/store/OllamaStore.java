package tk.modelfile.store;

import org.jspecify.annotations.Nullable;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A folder where Ollama keeps models.
 *
 * <ol>
 *   <li>{@code manifests/HOST/NAMESPACE/MODEL/TAG}: what a name stands for, JSON;
 *   <li>{@code manifests-v2/HOST/NAMESPACE/MODEL/TAG}: the same in newer versions of Ollama, as a
 *       link to a blob; what is here goes before what is in {@code manifests};
 *   <li>{@code blobs/sha256-HEX}: bytes by their hash ({@code sha256:HEX} in old ones).
 * </ol>
 *
 * @param root the folder that holds these
 */
public record OllamaStore(Path root) {
    static final String MANIFESTS = "manifests";
    static final String MANIFESTS_V2 = "manifests-v2";
    private static final String BLOBS = "blobs";

    /**
     * The store that {@code ollama} uses for whoever runs this: {@code OLLAMA_MODELS}, else {@code
     * .ollama/models} in the home folder.
     *
     * @param environment gives a variable of the environment, or null
     */
    public static OllamaStore of(Function<String, @Nullable String> environment, Path home) {
        String given = environment.apply("OLLAMA_MODELS");
        String path = given == null ? "" : given.strip().replaceAll("^[\"']+|[\"']+$", "");
        return new OllamaStore(
                path.isEmpty() ? home.resolve(".ollama").resolve("models") : Path.of(path));
    }

    Path blobs() {
        return root.resolve(BLOBS);
    }

    /** Where a blob is, or would be. */
    Path blob(String sha256) {
        Path old = blobs().resolve("sha256:" + sha256);
        Path blob = blobs().resolve("sha256-" + sha256);
        return Files.exists(blob) || !Files.exists(old) ? blob : old;
    }

    /** The manifest files by the names they stand for, sorted; one a name, the one that counts. */
    Map<ModelName, Path> manifests() {
        Map<ModelName, Path> found = new LinkedHashMap<>();
        for (String folder : List.of(MANIFESTS_V2, MANIFESTS)) {
            Path base = root.resolve(folder);
            for (Path file : filesBelow(base)) {
                name(base.relativize(file)).ifPresent(name -> found.putIfAbsent(name, file));
            }
        }
        return found;
    }

    private static Optional<ModelName> name(Path relative) {
        try {
            return Optional.of(
                    new ModelName(
                            relative.getName(0).toString(),
                            relative.getName(1).toString(),
                            relative.getName(2).toString(),
                            relative.getName(3).toString()));
        } catch (UsageException none) {
            return Optional.empty();
        }
    }

    private static List<Path> filesBelow(Path base) {
        if (!Files.isDirectory(base)) return List.of();
        try (Stream<Path> walk = Files.walk(base, 4)) {
            return walk.filter(
                            file ->
                                    base.relativize(file).getNameCount() == 4
                                            && !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IoException(base + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }

    /** All files in the folder of blobs, sorted. */
    List<Path> blobFiles() {
        if (!Files.isDirectory(blobs())) return List.of();
        try (Stream<Path> files = Files.list(blobs())) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new IoException(blobs() + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }

    /**
     * The spelling under which a name is known here: upper and lower case are the same to Ollama,
     * part by part.
     */
    public ModelName existing(ModelName name) {
        List<ModelName> known = new ArrayList<>(manifests().keySet());
        return new ModelName(
                fold(name.host(), known, ModelName::host),
                fold(name.namespace(), known, ModelName::namespace),
                fold(name.model(), known, ModelName::model),
                fold(name.tag(), known, ModelName::tag));
    }

    private static String fold(String part, List<ModelName> known, Function<ModelName, String> of) {
        List<String> spellings =
                known.stream().map(of).filter(part::equalsIgnoreCase).distinct().toList();
        return spellings.isEmpty() || spellings.contains(part) ? part : spellings.getFirst();
    }

    /** Whether there is a model of that name. */
    public boolean contains(ModelName name) {
        return manifests().containsKey(existing(name));
    }

    static byte[] read(Path file) {
        try {
            if (Files.size(file) > 64L << 20) {
                throw new MalformedException(
                        String.format(
                                Locale.ROOT,
                                "%s: %,d bytes, expected a small file",
                                file,
                                Files.size(file)));
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", null, e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }
}
