package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.InputSink.Input;
import tk.verify.reference.MatrixProduct.Then;

import java.lang.foreign.Arena;
import java.util.List;

/**
 * The reference forward pass of a LLaMA-like decoder: F32 arithmetic on weights of any type, whose
 * rows are widened as they stream, so that memory depends on the sequence and not on the model.
 *
 * <p>Sources: Touvron et al. 2023 (LLaMA), Zhang and Sennrich 2019 (RMS norm), Su et al. 2021
 * (rotary embedding), Shazeer 2020 (SwiGLU), Ainslie et al. 2023 (grouped queries). Made by {@link
 * ReferenceModels}. Not thread-safe, its sessions included; the weights stay their checkpoint's and
 * must be open while it is used.
 */
public final class ReferenceModel implements LogitModel {
    /** Logits that are held at a time: 32 MiB. */
    private static final int HELD = 8 << 20;

    private final Decoder model;
    private final Kernels kernels;
    private final ForwardPass pass;
    private final Arena memory = Arena.ofShared(); // of resident weights
    private KeyValueCache shared;
    private float[] held = {}; // (tokens, vocabulary)
    private final float[] logits; // (vocabulary)
    private final float[] hidden; // (hidden)

    ReferenceModel(Decoder read, Kernels kernels, ReferenceModels.Options options) {
        this.model = AdaptedDecoder.of(read, options.beside());
        this.kernels = kernels;
        WorkerPool pool = new WorkerPool(options.threads());
        this.pass = new ForwardPass(model, kernels, pool);
        this.shared = new KeyValueCache(model.kvHeads(), model.headDim(), 0);
        this.logits = new float[model.vocabulary()];
        this.hidden = new float[model.hidden()];
        keep(options.residentBytes(), pool);
    }

    private void keep(long budget, WorkerPool pool) {
        List<Weights> matrices = List.copyOf(model.matrices());
        long total = 0;
        for (Weights matrix : matrices) total = Math.addExact(total, matrix.byteSize());
        if (total > budget) return;
        try {
            pool.run(matrices.size(), (task, worker) -> matrices.get(task).keep(memory));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    @Override
    public int vocabularySize() {
        return model.vocabulary();
    }

    @Override
    public int contextLength() {
        return model.contextLength();
    }

    /** Width of the residual stream: the length of the hidden states. */
    public int hiddenSize() {
        return model.hidden();
    }

    /** Whether the head is a matrix of its own, and not the embedding. */
    public boolean hasOwnHead() {
        return model.head().weights() != model.embedding();
    }

    /** How many decoder layers there are. */
    public int layers() {
        return model.layers().size();
    }

    @Override
    public void logits(int[] tokens, int first, LogitSink sink) {
        for (Chunk chunk : runAll(tokens, null)) {
            head(chunk, first, (position, h, scores) -> sink.accept(position, scores));
        }
    }

    /**
     * Runs a sequence as {@link #logits} does and hands over what the head is applied to, with the
     * normaliser of the logits it gives.
     */
    public void hiddenStates(int[] tokens, HiddenSink sink) {
        for (Chunk chunk : runAll(tokens, null)) {
            head(
                    chunk,
                    0,
                    (position, h, scores) -> sink.accept(position, h, scores, logSumExp(scores)));
        }
    }

    /** Runs a sequence as {@link #logits} does and shows the residual stream after every layer. */
    public void layers(int[] tokens, LayerSink sink) {
        runAll(tokens, sink);
    }

    /**
     * Runs a sequence as {@link #logits} does and shows what every matrix is multiplied with.
     *
     * @param first the first position whose logits are wanted; the sequence's length for none
     */
    public void inputs(int[] tokens, InputSink inputs, int first, LogitSink sink) {
        pass.watch(inputs);
        try {
            for (Chunk chunk : runAll(tokens, null)) {
                float[] normed = pass.finalNorm(chunk);
                inputs.accept(
                        -1, Input.HEAD, normed, model.hidden(), chunk.stride(), chunk.count());
                head(chunk, first, (position, h, scores) -> sink.accept(position, scores));
            }
        } finally {
            pass.watch(null);
        }
    }

    private Chunk[] runAll(int[] tokens, @Nullable LayerSink observer) {
        check(tokens);
        if (shared.capacity() < tokens.length) {
            shared = new KeyValueCache(model.kvHeads(), model.headDim(), tokens.length);
        }
        return pass.run(tokens, 0, new KeyValueCache[] {shared}, observer);
    }

    /** What becomes of a position at the head. */
    private interface HeadSink {
        void accept(int position, float[] hidden, float[] logits);
    }

    /** logits = head · norm(x), for the positions of a chunk from {@code first} on. */
    private void head(Chunk chunk, int first, HeadSink sink) {
        if (chunk.end() <= first) return;
        int stride = chunk.stride();
        int vocabulary = model.vocabulary();
        float[] normed = pass.finalNorm(chunk); // (hidden, stride)
        int lanes = Math.min(kernels.lanes(), stride);
        int most = Math.max(1, HELD / vocabulary / lanes) * lanes;
        int from = Math.max(0, first - chunk.first()) / lanes * lanes;
        for (; from < chunk.count(); from += most) {
            int columns = Math.min(most, stride - from);
            held = MatrixProduct.atLeast(held, Math.multiplyExact(columns, vocabulary));
            pass.product()
                    .run(
                            model.head(),
                            normed,
                            from,
                            stride,
                            columns,
                            held,
                            vocabulary,
                            Then.TRANSPOSE);
            int end = Math.min(from + columns, chunk.count());
            for (int t = Math.max(from, first - chunk.first()); t < end; t++) {
                System.arraycopy(held, (t - from) * vocabulary, logits, 0, vocabulary);
                for (int f = 0; f < hidden.length; f++) hidden[f] = normed[f * stride + t];
                sink.accept(chunk.first() + t, hidden, logits);
            }
        }
    }

    /** {@code ln Σ e^x}, summed in double. */
    static double logSumExp(float[] x) {
        float max = Float.NEGATIVE_INFINITY;
        for (float v : x) max = Math.max(max, v);
        double sum = 0;
        for (float v : x) sum += Math.exp(v - max);
        return max + Math.log(sum);
    }

    private void check(int[] tokens) {
        if (tokens.length == 0) throw new IllegalArgumentException("no tokens");
        for (int token : tokens) {
            if (token < 0 || token >= model.vocabulary()) {
                throw new IllegalArgumentException(
                        "token %d is outside the vocabulary of %d"
                                .formatted(token, model.vocabulary()));
            }
        }
    }

    @Override
    public Session start() {
        return new Growing();
    }

    @Override
    public void close() {
        pass.close();
        memory.close();
    }

    /** A sequence with keys and values of all layers. */
    private final class Growing implements Session {
        private final KeyValueCache[] caches = KeyValueCache.forAll(model, 64);
        private final float[] last = new float[model.vocabulary()];
        private int length;

        @Override
        public int length() {
            return length;
        }

        @Override
        public float[] append(int... tokens) {
            check(tokens);
            Chunk[] chunks = pass.run(tokens, length, caches, null);
            length += tokens.length;
            head(
                    chunks[chunks.length - 1],
                    length - 1,
                    (position, h, scores) -> System.arraycopy(scores, 0, last, 0, last.length));
            return last;
        }

        @Override
        public void close() {}
    }
}
