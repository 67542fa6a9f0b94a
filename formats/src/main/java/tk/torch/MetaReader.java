package tk.torch;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.CheckpointReader;
import tk.checkpoint.TensorMap;
import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Opens a folder of Meta's own release of LLaMA, or of Mistral's in the same format: {@code
 * params.json} and {@code consolidated.NN.pth}, one shard for each of the model-parallel ranks, as
 * one checkpoint under Meta's names.
 *
 * <p>Of a matrix every shard holds a part: below one another for {@code wq wk wv w1 w3 output},
 * side by side for {@code wo w2}; for {@code tok_embeddings} side by side in Llama 1 and 2 and
 * below one another in Llama 3, which its width tells. Norms and {@code rope.freqs} are in every
 * shard whole; the first one's are taken, as transformers does: those of Llama 3 70B differ a
 * little from shard to shard. Parts are joined as rows are read.
 *
 * <p>Source: Meta's {@code model.py}; transformers' {@code convert_llama_weights_to_hf.py}.
 */
public final class MetaReader implements CheckpointReader {
    private static final Pattern SHARD = Pattern.compile("consolidated\\.(\\d{2,3})\\.pth");
    private static final Pattern BELOW =
            Pattern.compile(
                    "output\\.weight|layers\\.\\d+\\.(attention\\.w[qkv]|feed_forward\\.w[13])\\.weight");
    private static final Pattern BESIDE =
            Pattern.compile("layers\\.\\d+\\.(attention\\.wo|feed_forward\\.w2)\\.weight");
    private static final String EMBEDDING = "tok_embeddings.weight";
    private static final long LARGEST_WIDTH = 1 << 30;

    /** A reader. */
    public MetaReader() {}

    @Override
    public boolean recognises(Path path) {
        return Files.isDirectory(path)
                && Files.isRegularFile(path.resolve("params.json"))
                && !shards(path).isEmpty();
    }

    @Override
    public Checkpoint open(Path folder) {
        List<Path> paths = shards(folder);
        requireComplete(folder, paths);
        Widths widths = Widths.read(folder.resolve("params.json"));
        List<Checkpoint> shards = new ArrayList<>();
        try {
            for (Path path : paths) shards.add(new TorchReader().open(path));
            List<Tensor> joined = join(folder, paths, shards, widths);
            TwinShards.refuse(paths, shards);
            return new TensorMap(
                    joined, Map.of("meta.shards", Integer.toString(shards.size())), shards);
        } catch (RuntimeException e) {
            shards.forEach(Checkpoint::close);
            throw e;
        }
    }

    /** The shards by name. */
    private static List<Path> shards(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> SHARD.matcher(String.valueOf(f.getFileName())).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be listed: " + e.getMessage(), null, e);
        }
    }

    private static void requireComplete(Path folder, List<Path> paths) {
        if (paths.isEmpty()) {
            throw new IoException(
                    folder + ": no consolidated.00.pth", "Fetch the weights into this folder.");
        }
        for (int i = 0; i < paths.size(); i++) {
            Matcher name = SHARD.matcher(String.valueOf(paths.get(i).getFileName()));
            if (!name.matches() || Integer.parseInt(name.group(1)) != i) {
                throw new IoException(
                        "%s: the shard number %02d is missing; the next is %s"
                                .formatted(folder, i, paths.get(i).getFileName()),
                        "Fetch all consolidated.NN.pth of the model.");
            }
        }
    }

    /**
     * The widths of the two sides of a query's matrix.
     *
     * @param model {@code dim}, which tells how the embedding is split
     * @param queries the heads' together: {@code dim} again, but in Mistral's files {@code n_heads}
     *     times {@code head_dim}
     */
    private record Widths(long model, long queries) {
        static Widths read(Path params) {
            JsonObject outer = Json.readObject(params);
            JsonObject inner = outer.object("model").orElse(outer);
            long model = whole(inner, "dim", params);
            if (inner.get("head_dim").filter(v -> v != JsonNull.NULL).isEmpty())
                return new Widths(model, model);
            long heads = whole(inner, "n_heads", params);
            return new Widths(model, Math.multiplyExact(heads, whole(inner, "head_dim", params)));
        }

        private static long whole(JsonObject params, String key, Path file) {
            return params.number(key)
                    .flatMap(JsonNumber::asLong)
                    .filter(value -> value > 0 && value <= LARGEST_WIDTH)
                    .orElseThrow(
                            () ->
                                    new MalformedException(
                                            "%s: %s: expected a positive whole number, found %s"
                                                    .formatted(
                                                            file,
                                                            key,
                                                            params.get(key)
                                                                    .map(JsonText.COMPACT::write)
                                                                    .orElse("none")),
                                            "Take the params.json of Meta's release."));
        }
    }

    private static List<Tensor> join(
            Path folder, List<Path> paths, List<Checkpoint> shards, Widths widths) {
        List<Tensor> joined = new ArrayList<>();
        Checkpoint first = shards.getFirst();
        for (int i = 1; i < shards.size(); i++) {
            if (!shards.get(i).tensors().keySet().equals(first.tensors().keySet())) {
                throw new MalformedException(
                        "%s: %s and %s hold tensors of different names"
                                .formatted(
                                        folder,
                                        paths.getFirst().getFileName(),
                                        paths.get(i).getFileName()),
                        "The shards are not of one model: fetch them again.");
            }
        }
        for (String name : first.tensors().keySet()) {
            List<Tensor> parts = new ArrayList<>();
            for (Checkpoint shard : shards) {
                @Nullable Tensor part = shard.tensors().get(name);
                if (part != null) parts.add(part);
            }
            joined.add(join(folder, name, parts, widths));
        }
        return joined;
    }

    private static Tensor join(Path folder, String name, List<Tensor> parts, Widths widths) {
        TensorInfo info = parts.getFirst().info();
        for (Tensor part : parts) {
            if (!part.info().equals(info)) {
                throw new MalformedException(
                        "%s: tensor `%s` is %s %s in the first shard and %s %s in another"
                                .formatted(
                                        folder,
                                        name,
                                        info.dtype(),
                                        info.shape(),
                                        part.info().dtype(),
                                        part.info().shape()),
                        "The shards are not of one model: fetch them again.");
            }
        }
        Shape shape = info.shape();
        boolean embedding = name.equals(EMBEDDING);
        boolean split =
                embedding || BELOW.matcher(name).matches() || BESIDE.matcher(name).matches();
        if (!split && (parts.size() == 1 || shape.rank() == 1)) return parts.getFirst();
        if (!split || shape.rank() != 2) {
            throw new UnsupportedException(
                    "%s: tensor `%s` %s: how it is split over %d shards is not known"
                            .formatted(folder, name, shape, parts.size()),
                    "tk joins Meta's text models, Llama 1 to 3.");
        }
        boolean beside =
                embedding ? shape.columns() != widths.model() : BESIDE.matcher(name).matches();
        Tensor whole =
                parts.size() == 1 ? parts.getFirst() : JoinedTensor.of(name, parts, beside ? 1 : 0);
        requireWidth(folder, name, whole.info().shape(), parts.size(), widths);
        return whole;
    }

    /** The side of a matrix that faces the residual stream is as wide as the model. */
    private static void requireWidth(
            Path folder, String name, Shape shape, int shards, Widths widths) {
        boolean output = name.endsWith(".attention.wo.weight") || name.endsWith(".w2.weight");
        long facing = output ? shape.dim(0) : shape.columns();
        if (facing != widths.model()) {
            throw unlike(
                    folder, name, shape, shards, "dim " + widths.model(), facing < widths.model());
        }
        boolean query = name.endsWith(".attention.wq.weight") || name.endsWith(".wo.weight");
        long other = output ? shape.columns() : shape.dim(0);
        if (query && other != widths.queries()) {
            String says =
                    widths.queries() == widths.model()
                            ? "dim " + widths.model()
                            : "n_heads times head_dim " + widths.queries();
            throw unlike(folder, name, shape, shards, says, other < widths.queries());
        }
    }

    private static MalformedException unlike(
            Path folder, String name, Shape shape, int shards, String says, boolean less) {
        return new MalformedException(
                "%s: tensor `%s` joined from %d shards is %s, but params.json says %s"
                        .formatted(folder, name, shards, shape, says),
                less
                        ? "Shards are missing: fetch all consolidated.NN.pth."
                        : "Take the params.json that belongs to these shards.");
    }
}
