package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.ForwardPass.Sequence;
import tk.verify.reference.InputSink.Input;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
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
    private static final long LINE = 64; // bytes of a cache line

    private final Decoder model;
    private final ForwardPass pass;
    private final Head head;
    private final Arena memory = Arena.ofShared(); // of resident weights
    private KeyValueCache shared;

    ReferenceModel(Decoder read, Kernels kernels, ReferenceModels.Options options) {
        this.model = AdaptedDecoder.of(read, options.beside());
        WorkerPool pool = new WorkerPool(options.threads());
        this.pass = new ForwardPass(model, kernels, pool);
        this.head = new Head(model, kernels, pass);
        this.shared = new KeyValueCache(model.kvHeads(), model.headDim(), 0);
        keep(options.residentBytes(), pool);
    }

    private void keep(long budget, WorkerPool pool) {
        List<Weights> matrices = List.copyOf(model.matrices());
        long[] places = new long[matrices.size() + 1]; // one after another, each at a cache line
        for (int i = 0; i < matrices.size(); i++) {
            long lines = Math.ceilDiv(matrices.get(i).byteSize(), LINE);
            places[i + 1] = Math.addExact(places[i], Math.multiplyExact(lines, LINE));
        }
        if (places[matrices.size()] > budget) return;
        try {
            MemorySegment all = HugePages.allocate(memory, places[matrices.size()]);
            pool.run(
                    matrices.size(),
                    (task, worker) -> {
                        Weights matrix = matrices.get(task);
                        matrix.keep(all.asSlice(places[task], matrix.byteSize()));
                    });
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
        for (Chunk chunk : runAll(List.of(tokens), null)) {
            head.run(chunk, new int[] {first}, (i, position, h, l) -> sink.accept(position, l));
        }
    }

    @Override
    public void logits(List<int[]> sequences, SequenceSink sink) {
        for (Chunk chunk : runAll(sequences, null)) {
            head.run(
                    chunk,
                    new int[sequences.size()],
                    (sequence, position, h, logits) -> sink.accept(sequence, position, logits));
        }
    }

    /**
     * Runs a sequence as {@link #logits} does and hands over what the head is applied to, with the
     * normaliser of the logits it gives.
     */
    public void hiddenStates(int[] tokens, HiddenSink sink) {
        for (Chunk chunk : runAll(List.of(tokens), null)) {
            head.run(
                    chunk,
                    new int[1],
                    (sequence, position, hidden, logits) ->
                            sink.accept(position, hidden, logits, logSumExp(logits)));
        }
    }

    /** Runs a sequence as {@link #logits} does and shows the residual stream after every layer. */
    public void layers(int[] tokens, LayerSink sink) {
        runAll(List.of(tokens), sink);
    }

    /**
     * Runs a sequence as {@link #logits} does and shows what every matrix is multiplied with.
     *
     * @param first the first position whose logits are wanted; the sequence's length for none
     */
    public void inputs(int[] tokens, InputSink inputs, int first, LogitSink sink) {
        pass.watch(inputs);
        try {
            for (Chunk chunk : runAll(List.of(tokens), null)) {
                float[] normed = pass.finalNorm(chunk);
                inputs.accept(
                        -1, Input.HEAD, normed, model.hidden(), chunk.stride(), chunk.count());
                head.run(chunk, new int[] {first}, (i, position, h, l) -> sink.accept(position, l));
            }
        } finally {
            pass.watch(null);
        }
    }

    /** Runs whole sequences, for which one layer's keys and values at a time are enough. */
    private List<Chunk> runAll(List<int[]> sequences, @Nullable LayerSink observer) {
        List<Sequence> all = new ArrayList<>();
        int longest = 0;
        for (int[] tokens : sequences) longest = Math.max(longest, tokens.length);
        if (shared.capacity() < longest) {
            shared = new KeyValueCache(model.kvHeads(), model.headDim(), longest);
        }
        for (int[] tokens : sequences) {
            check(tokens);
            all.add(new Sequence(tokens, 0, new KeyValueCache[] {shared}));
        }
        return pass.run(all, observer);
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
    public Batch start(int sequences) {
        return new Growing(sequences);
    }

    @Override
    public void close() {
        pass.close();
        memory.close();
    }

    /** Sequences with keys and values of all layers. */
    private final class Growing implements Batch {
        private final KeyValueCache[][] caches; // (sequence)(layer)
        private final int[] lengths; // (sequence)
        private final float[][] last; // (sequence, vocabulary)

        Growing(int sequences) {
            caches = new KeyValueCache[sequences][];
            Arrays.setAll(caches, i -> KeyValueCache.forAll(model, 64));
            lengths = new int[sequences];
            last = new float[sequences][model.vocabulary()];
        }

        @Override
        public float[][] append(int[][] tokens) {
            if (tokens.length != lengths.length) {
                throw new IllegalArgumentException(
                        "%d sequences, expected %d".formatted(tokens.length, lengths.length));
            }
            List<Sequence> all = new ArrayList<>();
            for (int i = 0; i < tokens.length; i++) {
                check(tokens[i]);
                all.add(new Sequence(tokens[i], lengths[i], caches[i]));
            }
            List<Chunk> chunks = pass.run(all, null);
            int[] wanted = new int[tokens.length];
            for (int i = 0; i < tokens.length; i++) {
                lengths[i] += tokens[i].length;
                wanted[i] = lengths[i] - 1;
            }
            for (Chunk chunk : chunks) {
                head.run(
                        chunk,
                        wanted,
                        (sequence, position, hidden, logits) ->
                                System.arraycopy(logits, 0, last[sequence], 0, logits.length));
            }
            return last;
        }

        @Override
        public void close() {}
    }
}
