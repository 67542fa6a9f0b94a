package tk.verify.importance;

import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.checkpoint.WritePlan;
import tk.error.MalformedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.tensor.Tensor;
import tk.verify.Perplexity;
import tk.verify.TextChunks;
import tk.verify.reference.ReferenceModel;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An importance matrix as llama-imatrix makes it: for each matrix the sums, over all tokens of a
 * text, of its inputs and of their squares.
 *
 * <p>The file, a GGUF of the type {@code imatrix}, little-endian, has three tensors a matrix, all
 * F32, sorted by the matrix's name:
 *
 * <ol>
 *   <li>{@code NAME.in_sum2}: sums of the squares, one a column
 *   <li>{@code NAME.counts}: how many tokens
 *   <li>{@code NAME.in_sum}: sums
 * </ol>
 *
 * <p>and the keys {@code imatrix.datasets}, {@code imatrix.chunk_count} and {@code
 * imatrix.chunk_size}. Source: llama-imatrix, by its output.
 */
public final class ImportanceMeasurement {
    private final TextChunks text;
    private final InputSums sums;
    private final Optional<Perplexity> perplexity;

    private ImportanceMeasurement(
            TextChunks text, InputSums sums, Optional<Perplexity> perplexity) {
        this.text = text;
        this.sums = sums;
        this.perplexity = perplexity;
    }

    /**
     * What to measure besides the matrices of the layers.
     *
     * @param head the head's input, where it is a matrix of its own
     * @param perplexity how well the model predicts the text, which costs the head's product
     */
    public record Options(boolean head, boolean perplexity) {}

    /**
     * Runs a model over a text, each chunk from an empty cache.
     *
     * @param progress counts tokens
     * @throws MalformedException where an input is not finite, as after damage to the weights
     */
    public static ImportanceMeasurement of(
            ReferenceModel model, TextChunks text, Options options, Progress progress) {
        InputSums sums = new InputSums(options.head() && model.hasOwnHead());
        int first = options.perplexity() ? text.firstScored() : text.context();
        Perplexity.Losses losses = new Perplexity.Losses();
        progress.stage("importance", (long) text.count() * text.context());
        for (int i = 0; i < text.count(); i++) {
            int chunk = i;
            model.inputs(
                    text.chunk(chunk),
                    sums,
                    first,
                    (position, logits) -> {
                        if (position < text.context() - 1) {
                            losses.add(logits, text.next(chunk, position));
                        }
                    });
            progress.advance(text.context());
        }
        requireFinite(sums);
        return new ImportanceMeasurement(
                text,
                sums,
                options.perplexity()
                        ? Optional.of(losses.perplexity(text.count()))
                        : Optional.empty());
    }

    private static void requireFinite(InputSums sums) {
        sums.byName()
                .forEach(
                        (name, found) -> {
                            for (float square : found.squares()) {
                                if (!Float.isFinite(square)) {
                                    throw new MalformedException(
                                            "the inputs of `" + name + "` are not finite",
                                            "Look for damaged weights with tk inspect --stats.");
                                }
                            }
                        });
    }

    /** How many matrices were measured. */
    public int matrices() {
        return sums.byName().size();
    }

    /** How many tokens went through them. */
    public long tokens() {
        return sums.tokens();
    }

    /** How many chunks of the text. */
    public int chunks() {
        return text.count();
    }

    /** Of the text, where it was asked for. */
    public Optional<Perplexity> perplexity() {
        return perplexity;
    }

    /**
     * Plans the file.
     *
     * @param dataset what the text is called: the path of its file
     */
    public WritePlan plan(Path target, String dataset) {
        List<Tensor> tensors = new ArrayList<>();
        sums.byName()
                .forEach(
                        (name, found) -> {
                            float[] counts = {tokens()};
                            tensors.add(new FloatTensor(name + ".in_sum2", found.squares()));
                            tensors.add(new FloatTensor(name + ".counts", counts));
                            tensors.add(new FloatTensor(name + ".in_sum", found.values()));
                        });
        GgufMetadata metadata =
                GgufMetadata.builder()
                        .put("general.type", GgufValue.text("imatrix"))
                        .put("imatrix.datasets", new GgufValue.Texts(List.of(dataset)))
                        .put("imatrix.chunk_count", GgufValue.u32(text.count()))
                        .put("imatrix.chunk_size", GgufValue.u32(text.context()))
                        .build();
        return GgufWriter.plan(metadata, new TensorMap(tensors, Map.of(), List.of()), target);
    }
}
