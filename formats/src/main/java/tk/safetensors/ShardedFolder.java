package tk.safetensors;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.tensor.SourceFile;
import tk.tensor.Tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The safetensors files of a folder.
 *
 * @param folder where they lie
 * @param shards their names, sorted
 * @param index which shard holds which tensor, where an index says so
 */
record ShardedFolder(Path folder, List<String> shards, Optional<Index> index) {
    private static final String INDEX_SUFFIX = ".safetensors.index.json";
    private static final Pattern SHARD = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.safetensors");

    /** An index and where it was read. */
    record Index(Path path, ShardIndex content) {}

    static boolean isIndex(Path path) {
        return String.valueOf(path.getFileName()).endsWith(INDEX_SUFFIX);
    }

    /**
     * The weights of a folder as transformers looks for them: {@code model.safetensors}, else the
     * index; else shards that are complete by their names, else the only safetensors file.
     */
    static Optional<ShardedFolder> find(Path folder) {
        List<String> names = names(folder);
        if (names.contains("model.safetensors")) {
            return Optional.of(
                    new ShardedFolder(folder, List.of("model.safetensors"), Optional.empty()));
        }
        List<String> indexes = names.stream().filter(n -> n.endsWith(INDEX_SUFFIX)).toList();
        if (indexes.contains("model" + INDEX_SUFFIX)) {
            return Optional.of(ofIndex(folder.resolve("model" + INDEX_SUFFIX)));
        }
        if (indexes.size() == 1) return Optional.of(ofIndex(folder.resolve(indexes.getFirst())));
        List<String> files = names.stream().filter(n -> n.endsWith(".safetensors")).toList();
        if (files.isEmpty()) return Optional.empty();
        if (files.size() > 1) checkComplete(folder, files);
        return Optional.of(new ShardedFolder(folder, files, Optional.empty()));
    }

    static ShardedFolder ofIndex(Path path) {
        ShardIndex index = ShardIndex.read(path);
        Path folder = Optional.ofNullable(path.getParent()).orElse(Path.of(""));
        return new ShardedFolder(
                folder,
                List.copyOf(new TreeSet<>(index.weightMap().values())),
                Optional.of(new Index(path, index)));
    }

    private static List<String> names(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(p -> p.getFileName().toString())
                    .filter(n -> n.endsWith(".safetensors") || n.endsWith(INDEX_SUFFIX))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }

    /** Without an index, several files are one model only where their names say so. */
    private static void checkComplete(Path folder, List<String> files) {
        String first = files.getFirst();
        Matcher m = SHARD.matcher(first);
        int count = m.matches() ? Integer.parseInt(m.group(3)) : -1;
        for (int i = 0; i < Math.max(count, files.size()); i++) {
            String expected =
                    count < 0
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    "%s-%05d-of-%05d.safetensors",
                                    m.group(1),
                                    i + 1,
                                    count);
            String found = i < files.size() ? files.get(i) : "nothing";
            if (count < 0 || !found.equals(expected)) {
                throw new MalformedException(
                        "%s: %s safetensors files without an index%s"
                                .formatted(
                                        folder,
                                        files.size(),
                                        count < 0
                                                ? ", and `%s` is no shard by its name"
                                                        .formatted(first)
                                                : ": expected `%s`, found %s"
                                                        .formatted(expected, found)),
                        "Add model.safetensors.index.json and the missing files, or give one file.");
            }
        }
    }

    /** Opens all shards. */
    Checkpoint open() {
        SequencedMap<String, SafetensorsFile> open = new LinkedHashMap<>();
        try {
            for (String shard : shards) {
                Path path = folder.resolve(shard);
                checkExists(path);
                open.put(shard, SafetensorsFile.open(path));
            }
            SequencedMap<String, Tensor> tensors = join(open);
            Map<String, String> metadata = new LinkedHashMap<>();
            for (SafetensorsFile file : open.values()) {
                file.header().metadata().forEach(metadata::putIfAbsent);
            }
            List<SourceFile> sources = open.values().stream().map(SafetensorsFile::source).toList();
            return new TensorMap(tensors.values(), metadata, sources);
        } catch (RuntimeException e) {
            open.values().forEach(file -> file.source().close());
            throw e;
        }
    }

    private void checkExists(Path shard) {
        if (Files.exists(shard)) return;
        throw new IoException(
                "%s: missing, but %s names it"
                        .formatted(shard, index.map(i -> i.path().toString()).orElse("its folder")),
                "The model has %s shards; fetch the missing one.".formatted(shards.size()));
    }

    private SequencedMap<String, Tensor> join(SequencedMap<String, SafetensorsFile> open) {
        Map<String, String> weightMap = index.map(i -> i.content().weightMap()).orElse(null);
        SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, String> from = new LinkedHashMap<>();
        for (Map.Entry<String, SafetensorsFile> shard : open.entrySet()) {
            for (Tensor tensor : shard.getValue().tensors().values()) {
                String name = tensor.info().name();
                String home =
                        weightMap == null
                                ? shard.getKey()
                                : weightMap.getOrDefault(name, shard.getKey());
                // A tensor the index places elsewhere is a left-over that transformers ignores.
                if (!home.equals(shard.getKey())) continue;
                if (tensors.putIfAbsent(name, tensor) != null) {
                    throw new MalformedException(
                            "%s: tensor `%s` is both in %s and in %s"
                                    .formatted(folder, name, from.get(name), shard.getKey()));
                }
                from.put(name, shard.getKey());
            }
        }
        if (weightMap != null) {
            weightMap.forEach(
                    (name, shard) -> {
                        if (!tensors.containsKey(name)) {
                            throw new MalformedException(
                                    "%s: weight_map: tensor `%s` is said to lie in %s, which does not hold it"
                                            .formatted(index.orElseThrow().path(), name, shard));
                        }
                    });
        }
        return tensors;
    }
}
