package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.Chunk.Span;
import tk.verify.reference.Decoder.Layer;
import tk.verify.reference.InputSink.Input;
import tk.verify.reference.MatrixProduct.Then;

import java.util.ArrayList;
import java.util.List;

/**
 * The decoder, from token ids to the residual stream after the last layer.
 *
 * <p>All positions go through one layer, then all through the next, a chunk at a time: the weights
 * of a layer are read once a chunk while they are still in the page cache, and a run that needs no
 * later step keeps the keys and values of one layer only. Activations are {@code (features,
 * tokens)}.
 */
final class ForwardPass implements AutoCloseable {
    /**
     * Values of all activations of a chunk: 64 MiB. The rows of a matrix are widened once a chunk,
     * which must be many positions for that to cost little.
     */
    private static final int HELD = 16 << 20;

    /** Positions of a chunk, at most. */
    static final int LONGEST = 1024;

    private final Decoder model;
    private final Kernels kernels;
    private final WorkerPool pool;
    private final int chunk; // positions that go through a layer together
    private final MatrixProduct product;
    private final Attention attention;

    // The state of one chunk in one layer; stride = its room for tokens.
    private float[] normed = {}; // (hidden, stride)
    private float[] query = {}; // (heads * headDim, stride)
    private float[] key = {}; // (kvHeads * headDim, stride)
    private float[] value = {}; // (kvHeads * headDim, stride)
    private float[] attended = {}; // (heads * headDim, stride)
    private float[] inner = {}; // (feedForward, stride)
    private float[] scale = {}; // (stride)
    private final float[] row; // (hidden)
    private @Nullable InputSink inputs;

    ForwardPass(Decoder model, Kernels kernels, WorkerPool pool) {
        this.model = model;
        this.kernels = kernels;
        this.pool = pool;
        int perPosition =
                2 * model.hidden()
                        + 2 * (model.heads() + model.kvHeads()) * model.headDim()
                        + model.feedForward();
        this.chunk = Math.clamp(HELD / perPosition / 64 * 64L, 64, LONGEST);
        this.product = new MatrixProduct(kernels, pool);
        this.attention = new Attention(model, kernels, pool);
        this.row = new float[model.hidden()];
    }

    MatrixProduct product() {
        return product;
    }

    /** Shows the inputs of all matrices from now on, or of none. */
    void watch(@Nullable InputSink sink) {
        inputs = sink;
    }

    /**
     * Tokens of a sequence that are to be run.
     *
     * @param tokens ids; at least one
     * @param first position of the first of them: what the caches hold already
     * @param caches one a layer; or one alone, which sequences share where nothing follows
     */
    record Sequence(int[] tokens, int first, KeyValueCache[] caches) {
        int end() {
            return first + tokens.length;
        }

        KeyValueCache cache(int layer) {
            return caches[caches.length == 1 ? 0 : layer];
        }
    }

    /**
     * Runs tokens through all layers.
     *
     * @return the residual stream, chunk by chunk
     */
    List<Chunk> run(List<Sequence> sequences, @Nullable LayerSink observer) {
        List<Chunk> chunks = new ArrayList<>();
        for (List<Span> spans : spans(sequences)) chunks.add(embed(spans, sequences));
        observe(0, chunks, observer);
        for (int i = 0; i < model.layers().size(); i++) {
            for (Chunk chunk : chunks) layer(i, chunk, sequences);
            observe(i + 1, chunks, observer);
        }
        return chunks;
    }

    /** The sequences one after another, cut where a chunk is full. */
    private List<List<Span>> spans(List<Sequence> sequences) {
        List<List<Span>> chunks = new ArrayList<>();
        int column = chunk;
        for (int i = 0; i < sequences.size(); i++) {
            Sequence sequence = sequences.get(i);
            for (int position = sequence.first(); position < sequence.end(); ) {
                if (column == chunk) {
                    chunks.add(new ArrayList<>());
                    column = 0;
                }
                int count = Math.min(chunk - column, sequence.end() - position);
                chunks.getLast().add(new Span(i, position, column, count));
                position += count;
                column += count;
            }
        }
        return chunks;
    }

    /** x = rows of the embedding. */
    private Chunk embed(List<Span> spans, List<Sequence> sequences) {
        int count = spans.getLast().from() + spans.getLast().count();
        int stride = kernels.columnsFor(count);
        float[] hidden = new float[Math.multiplyExact(model.hidden(), stride)];
        float[] cos = new float[model.headDim() / 2 * stride];
        float[] sin = new float[cos.length];
        for (Span span : spans) {
            Sequence sequence = sequences.get(span.sequence());
            for (int t = 0; t < span.count(); t++) {
                int token = sequence.tokens()[span.first() - sequence.first() + t];
                model.embedding().read(kernels, token, 1, row);
                int column = span.from() + t;
                for (int f = 0; f < row.length; f++) hidden[f * stride + column] = row[f];
            }
            model.rope().tables(span, sequence.end(), stride, cos, sin);
        }
        return new Chunk(spans, count, stride, hidden, cos, sin);
    }

    /** One decoder layer: x += Wo · attention(norm(x)), then x += Wdown · mlp(norm(x)). */
    private void layer(int number, Chunk chunk, List<Sequence> sequences) {
        Layer layer = model.layers().get(number);
        int stride = chunk.stride();
        float[] x = chunk.hidden(); // (hidden, stride)
        reserve(stride);

        // attention norm
        norm(x, model.hidden(), stride, layer.attentionNorm(), normed);

        // query, key and value of every token
        show(number, Input.ATTENTION, normed, model.hidden(), chunk);
        product.run(layer.query(), normed, stride, query, stride, Then.STORE);
        product.run(layer.key(), normed, stride, key, stride, Then.STORE);
        product.run(layer.value(), normed, stride, value, stride, Then.STORE);

        // norm of each head's query and key, where the family has it
        normHeads(query, model.heads(), stride, layer.queryNorm());
        normHeads(key, model.kvHeads(), stride, layer.keyNorm());

        // turn queries and keys by their positions
        rotate(query, model.heads(), chunk);
        rotate(key, model.kvHeads(), chunk);

        // look back, each sequence on its own
        for (Span span : chunk.spans()) {
            KeyValueCache cache = sequences.get(span.sequence()).cache(number);
            if (span.first() == 0) cache.clear();
            cache.append(key, value, stride, span);
            attention.run(span, stride, cache, query, layer.window(), attended);
        }
        show(number, Input.ATTENTION_OUTPUT, attended, model.heads() * model.headDim(), chunk);
        product.run(layer.output(), attended, stride, x, stride, Then.ADD);

        // MLP: down(silu(gate(x)) · up(x))
        norm(x, model.hidden(), stride, layer.mlpNorm(), normed);
        show(number, Input.MLP, normed, model.hidden(), chunk);
        product.run(layer.gate(), normed, stride, inner, stride, Then.STORE);
        product.run(layer.up(), normed, stride, inner, stride, Then.SWIGLU);
        show(number, Input.DOWN, inner, model.feedForward(), chunk);
        product.run(layer.down(), inner, stride, x, stride, Then.ADD);
    }

    /** The final norm of a chunk: {@code (hidden, stride)}, overwritten by the next run. */
    float[] finalNorm(Chunk chunk) {
        reserve(chunk.stride());
        norm(chunk.hidden(), model.hidden(), chunk.stride(), model.finalNorm(), normed);
        return normed;
    }

    private void show(int layer, Input input, float[] x, int features, Chunk chunk) {
        if (inputs != null) inputs.accept(layer, input, x, features, chunk.stride(), chunk.count());
    }

    /** RMS norm (Zhang and Sennrich, 2019): {@code out = x / √(mean(x²) + ε) · weight}, a token. */
    private void norm(float[] x, int features, int stride, float[] weight, float[] out) {
        norm(x, 0, features, stride, weight, out);
    }

    private void norm(float[] x, int at, int features, int stride, float[] weight, float[] out) {
        for (int t = 0; t < stride; t++) scale[t] = 0;
        for (int f = 0; f < features; f++) {
            int from = at + f * stride;
            for (int t = 0; t < stride; t++) scale[t] += x[from + t] * x[from + t];
        }
        for (int t = 0; t < stride; t++) {
            scale[t] = (float) (1 / Math.sqrt(scale[t] / features + model.normEps()));
        }
        for (int f = 0; f < features; f++) {
            int from = at + f * stride;
            for (int t = 0; t < stride; t++) out[from + t] = x[from + t] * scale[t] * weight[f];
        }
    }

    private void normHeads(float[] x, int heads, int stride, float @Nullable [] weight) {
        if (weight == null) return;
        for (int h = 0; h < heads; h++) {
            norm(x, h * model.headDim() * stride, model.headDim(), stride, weight, x);
        }
    }

    /** Turns each pair of values by its angle: {@code (a, b) → (a cos - b sin, b cos + a sin)}. */
    private void rotate(float[] x, int heads, Chunk chunk) {
        int stride = chunk.stride();
        float[] cos = chunk.cos();
        float[] sin = chunk.sin();
        int headDim = model.headDim();
        for (int h = 0; h < heads; h++) {
            for (int i = 0; i < headDim / 2; i++) {
                int a = (h * headDim + model.layout().first(i)) * stride;
                int b = (h * headDim + model.layout().second(i, headDim)) * stride;
                int angle = i * stride;
                for (int t = 0; t < stride; t++) {
                    float first = x[a + t];
                    float second = x[b + t];
                    x[a + t] = first * cos[angle + t] - second * sin[angle + t];
                    x[b + t] = second * cos[angle + t] + first * sin[angle + t];
                }
            }
        }
    }

    private void reserve(int stride) {
        normed = MatrixProduct.atLeast(normed, model.hidden() * stride);
        query = MatrixProduct.atLeast(query, model.heads() * model.headDim() * stride);
        key = MatrixProduct.atLeast(key, model.kvHeads() * model.headDim() * stride);
        value = MatrixProduct.atLeast(value, model.kvHeads() * model.headDim() * stride);
        attended = MatrixProduct.atLeast(attended, model.heads() * model.headDim() * stride);
        inner = MatrixProduct.atLeast(inner, model.feedForward() * stride);
        scale = MatrixProduct.atLeast(scale, stride);
    }

    private void observe(int layer, List<Chunk> chunks, @Nullable LayerSink observer) {
        if (observer == null) return;
        for (Chunk chunk : chunks) {
            for (Span span : chunk.spans()) {
                for (int t = 0; t < span.count(); t++) {
                    int column = span.from() + t;
                    for (int f = 0; f < row.length; f++) {
                        row[f] = chunk.hidden()[f * chunk.stride() + column];
                    }
                    observer.accept(layer, span.first() + t, row);
                }
            }
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
