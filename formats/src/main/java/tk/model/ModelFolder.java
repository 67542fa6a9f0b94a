package tk.model;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.filekind.FileKind;
import tk.filekind.FileKind.LfsPointer;
import tk.filekind.FileKinds;
import tk.safetensors.ShardIndex;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds a model's weights in a folder.
 *
 * <p>The names that transformers looks for come first, in its order, then Meta's; where there are
 * none, the bytes of the other files decide. What a training run leaves beside the weights
 * (optimizer, scheduler, random states) is passed over.
 */
final class ModelFolder {
    private static final int MOST_FILES = 1 << 16;
    private static final String INDEX = ".index.json";
    private static final Pattern META = Pattern.compile("consolidated\\.\\d{2,3}\\.pth");
    private static final List<String> WEIGHT_NAMES =
            List.of(
                    "model.safetensors",
                    "model.safetensors" + INDEX,
                    "pytorch_model.bin",
                    "pytorch_model.bin" + INDEX);

    private final Path folder;
    private final List<String> names;

    private ModelFolder(Path folder, List<String> names) {
        this.folder = folder;
        this.names = names;
    }

    /** The weights of a folder. */
    static Weights find(Path folder) {
        return new ModelFolder(folder, list(folder)).weights();
    }

    /**
     * The release that a shard of Meta's is a part of, which alone would be a narrower model; empty
     * for other files.
     */
    static Optional<Weights> ofMetasShard(Path file) {
        if (!META.matcher(String.valueOf(file.getFileName())).matches()) return Optional.empty();
        Path folder = Weights.folderOf(file);
        if (!Files.isRegularFile(folder.resolve("params.json"))) return Optional.empty();
        return new ModelFolder(folder, list(folder)).meta();
    }

    /** The weights that an index names. */
    static Weights ofIndex(Path index) {
        Path folder = Weights.folderOf(index);
        TreeSet<String> names = new TreeSet<>(ShardIndex.read(index).weightMap().values());
        if (names.isEmpty())
            throw new MalformedException(index + ": weight_map is empty: it names no shard");
        List<Path> shards = names.stream().map(folder::resolve).toList();
        requireAll(index.toString(), shards);
        return shards(folder, Optional.of(index), shards);
    }

    private Weights weights() {
        refuseAdapter();
        for (String name : WEIGHT_NAMES) {
            if (!names.contains(name)) continue;
            Path file = folder.resolve(name);
            return name.endsWith(INDEX) ? ofIndex(file) : Weights.of(file);
        }
        Optional<Weights> meta = meta();
        if (meta.isPresent()) return meta.get();
        List<String> indexes =
                names.stream()
                        .filter(
                                n ->
                                        n.endsWith(".safetensors" + INDEX)
                                                || n.endsWith(".bin" + INDEX))
                        .toList();
        if (indexes.size() == 1) return ofIndex(folder.resolve(indexes.getFirst()));
        refuseDistributed();
        return byBytes();
    }

    private Optional<Weights> meta() {
        List<String> shards = names.stream().filter(n -> META.matcher(n).matches()).toList();
        if (shards.isEmpty()) return Optional.empty();
        if (names.contains("params.json")) {
            return Optional.of(
                    new Weights.Meta(
                            folder,
                            folder.resolve("params.json"),
                            shards.stream().map(folder::resolve).toList()));
        }
        if (shards.size() == 1) return Optional.empty();
        throw new IoException(
                "%s: no params.json beside %s".formatted(folder, shown(shards)),
                "Fetch it into this folder: Meta's releases have it beside the weights.");
    }

    /** Shards without an index are one model where their names are complete. */
    private Weights byBytes() {
        Map<Path, FileKind> kinds = new TreeMap<>();
        for (String name : names) {
            if (!name.startsWith(".") && !isTrainingState(name)) {
                Path file = folder.resolve(name);
                kinds.put(file, FileKinds.of(file));
            }
        }
        List<Path> weights =
                kinds.entrySet().stream()
                        .filter(e -> e.getValue() instanceof FileKind.Weights)
                        .map(Map.Entry::getKey)
                        .toList();
        if (weights.isEmpty()) throw nothing(kinds);
        if (weights.size() == 1) return Weights.of(weights.getFirst());
        Optional<String> stem = commonStem(weights);
        if (stem.isEmpty()) {
            throw new UsageException(
                    "%s: %d files of weights: %s"
                            .formatted(folder, weights.size(), shown(names(weights))),
                    "Name the one you mean.");
        }
        requireComplete(stem.get(), weights);
        if (kinds.get(weights.getFirst()) == FileKind.Weights.GGUF)
            return Weights.of(weights.getFirst());
        return shards(folder, Optional.empty(), weights);
    }

    private static Weights shards(Path folder, Optional<Path> index, List<Path> shards) {
        FileKind first = FileKinds.of(shards.getFirst());
        for (Path shard : shards) {
            FileKind kind = FileKinds.of(shard);
            if (kind instanceof LfsPointer) throw pointers(shards);
            if (!(kind instanceof FileKind.Weights)) throw FileKinds.refusal(shard, kind);
            boolean safetensors = kind == FileKind.Weights.SAFETENSORS;
            if (safetensors != (first == FileKind.Weights.SAFETENSORS)) {
                throw new MalformedException(
                        "%s: shards of different formats: %s and %s"
                                .formatted(
                                        folder,
                                        shards.getFirst().getFileName(),
                                        shard.getFileName()));
            }
        }
        if (first == FileKind.Weights.SAFETENSORS)
            return new Weights.SafetensorsShards(index.orElse(folder), folder, shards.size());
        return new Weights.TorchShards(folder, index, shards);
    }

    private static void requireAll(String namedBy, List<Path> shards) {
        List<Path> missing = shards.stream().filter(shard -> !Files.exists(shard)).toList();
        if (missing.isEmpty()) return;
        throw new IoException(
                "%s: names %d shards, of which %d are missing: %s"
                        .formatted(namedBy, shards.size(), missing.size(), shown(names(missing))),
                "Fetch them into the folder of the others.");
    }

    private Optional<String> commonStem(List<Path> weights) {
        TreeSet<String> stems = new TreeSet<>();
        for (Path file : weights) {
            Matcher shard = Weights.SHARD.matcher(String.valueOf(file.getFileName()));
            if (!shard.matches()) return Optional.empty();
            stems.add(shard.group(1) + "-of-" + shard.group(3));
        }
        return stems.size() == 1 ? Optional.of(stems.first()) : Optional.empty();
    }

    private void requireComplete(String stem, List<Path> weights) {
        int count = Integer.parseInt(stem.substring(stem.length() - 5));
        if (weights.size() == count) return;
        throw new IoException(
                "%s: %d of %d shards are there: %s"
                        .formatted(folder, weights.size(), count, shown(names(weights))),
                "Fetch the missing ones into the folder of the others.");
    }

    private static boolean isTrainingState(String name) {
        return name.startsWith("optimizer.")
                || name.startsWith("scheduler.")
                || name.startsWith("scaler.")
                || name.startsWith("rng_state")
                || name.equals("training_args.bin");
    }

    private void refuseAdapter() {
        if (!names.contains("adapter_config.json")) return;
        if (names.stream().anyMatch(WEIGHT_NAMES::contains)) return;
        throw new UnsupportedException(
                folder + ": this is a LoRA adapter, not a model",
                "Merge it into its base: tk merge-lora BASE ADAPTER OUTPUT, or give the base and --adapter.");
    }

    /**
     * Each tensor there is a file of its own in a shard, and what it is called stands elsewhere.
     */
    private void refuseDistributed() {
        if (names.stream().noneMatch(name -> name.endsWith(".distcp"))) return;
        throw new UnsupportedException(
                folder + ": this is a distributed checkpoint (torch.distributed.checkpoint)",
                "Make one file of it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch %s model.pt"
                        .formatted(folder));
    }

    private static MalformedException pointers(List<Path> shards) {
        int count = 0;
        long bytes = 0;
        for (Path shard : shards) {
            if (FileKinds.of(shard) instanceof LfsPointer(long size)) {
                count++;
                bytes = Math.addExact(bytes, size);
            }
        }
        return new MalformedException(
                String.format(
                        Locale.ROOT,
                        "%s: %d of %d shards are Git-LFS pointers, not the files themselves (%,d bytes)",
                        Weights.folderOf(shards.getFirst()),
                        count,
                        shards.size(),
                        bytes),
                "Fetch the real files: run `git lfs pull` in the folder, or download them again.");
    }

    /** What to say of a folder without weights: the likeliest reason, or what was found. */
    private TkException nothing(Map<Path, FileKind> kinds) {
        for (Map.Entry<Path, FileKind> file : kinds.entrySet()) {
            if (file.getValue() instanceof LfsPointer pointer)
                return FileKinds.refusal(file.getKey(), pointer);
        }
        for (Map.Entry<Path, FileKind> file : kinds.entrySet()) {
            boolean named =
                    file.getKey()
                            .toString()
                            .matches("(?i).*\\.(pt|pth|bin|ckpt|safetensors|gguf|onnx|h5|msgpack)");
            if (named) return FileKinds.refusal(file.getKey(), file.getValue());
        }
        List<String> deeper = foldersWithModels();
        List<String> contents = contents();
        return new IoException(
                "%s: no weights in this folder; it holds %s"
                        .formatted(folder, contents.isEmpty() ? "nothing" : shown(contents)),
                deeper.isEmpty()
                        ? "Give the folder or file with the weights: model.safetensors, pytorch_model.bin, consolidated.00.pth, a .pt or a .gguf."
                        : "Did you mean " + String.join(" or ", deeper) + "?");
    }

    private List<String> contents() {
        List<String> contents = new ArrayList<>(names);
        try (Stream<Path> entries = Files.list(folder)) {
            entries.filter(Files::isDirectory)
                    .limit(100)
                    .sorted()
                    .forEach(d -> contents.add(d.getFileName() + "/"));
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
        return contents;
    }

    /**
     * Folders below (one level, or two under the hub's {@code snapshots}) that look like models;
     * the hub's files are links.
     */
    private List<String> foldersWithModels() {
        List<String> found = new ArrayList<>();
        try (Stream<Path> below =
                Files.find(folder, 3, (p, a) -> a.isRegularFile(), FileVisitOption.FOLLOW_LINKS)) {
            below.limit(MOST_FILES)
                    .filter(
                            p -> {
                                String name = String.valueOf(p.getFileName());
                                return WEIGHT_NAMES.contains(name)
                                        || name.equals("consolidated.00.pth")
                                        || name.endsWith(".gguf");
                            })
                    .map(p -> String.valueOf(p.getParent()))
                    .distinct()
                    .sorted()
                    .limit(3)
                    .forEach(found::add);
        } catch (IOException | java.io.UncheckedIOException e) {
            return found;
        }
        return found;
    }

    private static List<String> names(List<Path> files) {
        return files.stream().map(file -> String.valueOf(file.getFileName())).toList();
    }

    private static String shown(List<String> names) {
        String first = String.join(", ", names.subList(0, Math.min(5, names.size())));
        return names.size() > 5 ? first + " and %d more".formatted(names.size() - 5) : first;
    }

    private static List<String> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> String.valueOf(file.getFileName()))
                    .limit(MOST_FILES)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }
}
