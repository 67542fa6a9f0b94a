package tk.model;

import tk.checkpoint.Checkpoint;
import tk.error.UsageException;
import tk.filekind.FileKind;
import tk.filekind.FileKind.LfsPointer;
import tk.filekind.FileKind.ShardIndex;
import tk.filekind.FileKinds;
import tk.gguf.GgufReader;
import tk.safetensors.SafetensorsReader;
import tk.torch.MetaReader;
import tk.torch.TorchReader;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Weights that were found but not opened yet. */
sealed interface Weights {
    /** The name a shard has with Hugging Face and llama.cpp. */
    Pattern SHARD = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.[a-z]+");

    /** What people call their format. */
    String format();

    /** The folder they lie in. */
    Path folder();

    /**
     * Opens them.
     *
     * @param key which state dict of a training checkpoint to take
     */
    Checkpoint open(Optional<String> key);

    /**
     * One file; of a split GGUF the first.
     *
     * @param file where it lies
     * @param kind what its bytes say
     */
    record One(Path file, FileKind.Weights kind) implements Weights {
        @Override
        public String format() {
            Matcher shard = SHARD.matcher(String.valueOf(file.getFileName()));
            boolean part = kind == FileKind.Weights.SAFETENSORS && shard.matches();
            if (!part || Integer.parseInt(shard.group(3)) < 2) return kind.title();
            return String.format(
                    Locale.ROOT,
                    "%s (shard %d of %d)",
                    kind.title(),
                    Integer.parseInt(shard.group(2)),
                    Integer.parseInt(shard.group(3)));
        }

        @Override
        public Path folder() {
            return folderOf(file);
        }

        @Override
        public Checkpoint open(Optional<String> key) {
            return switch (kind) {
                case TORCH_ZIP, TORCH_LEGACY, TORCH_TAR -> torch(key).open(file);
                case SAFETENSORS -> {
                    refuseKey(file, key);
                    yield new SafetensorsReader().open(file);
                }
                case GGUF -> {
                    refuseKey(file, key);
                    yield new GgufReader().open(file);
                }
            };
        }
    }

    /**
     * safetensors shards.
     *
     * @param source their index, or their folder where they have none
     */
    record SafetensorsShards(Path source, Path folder, int count) implements Weights {
        @Override
        public String format() {
            return String.format(Locale.ROOT, "safetensors (%d shards)", count);
        }

        @Override
        public Checkpoint open(Optional<String> key) {
            refuseKey(source, key);
            return new SafetensorsReader().open(source);
        }
    }

    /**
     * PyTorch shards, such as {@code pytorch_model-00001-of-00003.bin}.
     *
     * @param index which shard holds which tensor, where there is one
     * @param shards in the order of their names
     */
    record TorchShards(Path folder, Optional<Path> index, List<Path> shards) implements Weights {
        @Override
        public String format() {
            return String.format(Locale.ROOT, "PyTorch (%d shards)", shards.size());
        }

        @Override
        public Checkpoint open(Optional<String> key) {
            return TorchShardJoin.open(this, torch(key));
        }
    }

    /**
     * Meta's own release.
     *
     * @param params its {@code params.json}
     * @param shards {@code consolidated.NN.pth}, in order
     */
    record Meta(Path folder, Path params, List<Path> shards) implements Weights {
        @Override
        public String format() {
            return shards.size() == 1
                    ? "Meta"
                    : String.format(Locale.ROOT, "Meta (%d shards)", shards.size());
        }

        @Override
        public Checkpoint open(Optional<String> key) {
            refuseKey(folder, key);
            refusePointer(params);
            shards.forEach(Weights::refusePointer);
            return new MetaReader().open(folder);
        }
    }

    /** The weights in a file, or those that it is a part of. */
    static Weights of(Path file) {
        Optional<Weights> release = ModelFolder.ofMetasShard(file);
        if (release.isPresent()) return release.get();
        FileKind kind = FileKinds.of(file);
        return switch (kind) {
            case FileKind.Weights weights -> new One(file, weights);
            case ShardIndex() -> ModelFolder.ofIndex(file);
            default -> throw FileKinds.refusal(file, kind);
        };
    }

    /** Refuses a file that git keeps in the place of the real one. */
    static void refusePointer(Path file) {
        if (Files.isRegularFile(file) && FileKinds.of(file) instanceof LfsPointer pointer)
            throw FileKinds.refusal(file, pointer);
    }

    private static TorchReader torch(Optional<String> key) {
        return key.map(TorchReader::at).orElseGet(TorchReader::new);
    }

    private static void refuseKey(Path file, Optional<String> key) {
        if (key.isPresent()) {
            throw new UsageException(
                    file
                            + ": --key "
                            + key.get()
                            + " chooses within a PyTorch file, which this is not",
                    "Leave --key out.");
        }
    }

    /** The folder of a file. */
    static Path folderOf(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        return folder == null ? Path.of(".") : folder;
    }
}
