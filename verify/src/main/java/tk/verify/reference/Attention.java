package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.Chunk.Span;

import java.util.Arrays;

/**
 * Causal self-attention with grouped queries: {@code softmax(QᵀK / √headDim) V}, a head and a few
 * tokens at a time.
 */
final class Attention implements WorkerPool.Job {
    /** Tokens a task takes: bounds the scores at {@code positions × 64}. */
    private static final int PANEL = 64;

    private final Decoder model;
    private final Kernels kernels;
    private final WorkerPool pool;
    private final float[][] queries; // (worker)(headDim, columns)
    private final float[][] scores; // (worker)(keys, columns)
    private final float[][] products; // (worker)(headDim, columns)
    private final float[][] sums; // (worker)(columns)

    private @Nullable KeyValueCache cache;
    private float[] query = {};
    private float[] out = {};
    private Span span = new Span(0, 0, 0, 0);
    private int stride;
    private int window;

    Attention(Decoder model, Kernels kernels, WorkerPool pool) {
        this.model = model;
        this.kernels = kernels;
        this.pool = pool;
        this.queries = new float[pool.workers()][model.headDim() * PANEL];
        this.scores = new float[pool.workers()][0];
        this.products = new float[pool.workers()][model.headDim() * PANEL];
        this.sums = new float[pool.workers()][PANEL];
    }

    /**
     * Attends from the tokens of a span to all positions in the cache up to each.
     *
     * @param newSpan whose keys and values the cache holds already
     * @param newQuery {@code (heads * headDim, stride)}, rotated
     * @param newWindow positions a token sees, itself included; 0 for all
     * @param newOut receives {@code (heads * headDim, stride)}, in the columns of the span
     */
    void run(
            Span newSpan,
            int newStride,
            KeyValueCache newCache,
            float[] newQuery,
            int newWindow,
            float[] newOut) {
        span = newSpan;
        stride = newStride;
        cache = newCache;
        query = newQuery;
        out = newOut;
        window = newWindow;
        int columns = kernels.columnsFor(Math.min(span.count(), PANEL));
        int most = Math.multiplyExact(span.end(), columns);
        for (int i = 0; i < scores.length; i++) {
            scores[i] = MatrixProduct.atLeast(scores[i], most);
        }
        pool.run(Math.ceilDiv(span.count(), PANEL) * model.heads(), this);
    }

    @Override
    public void run(int task, int worker) {
        KeyValueCache kv = cache;
        if (kv == null) throw new IllegalStateException();
        int headDim = model.headDim();
        int head = task % model.heads();
        int kvHead = head / (model.heads() / model.kvHeads());
        // Later tokens see more: they come first, so that no worker is left with a large last task.
        int panel = Math.ceilDiv(span.count(), PANEL) - 1 - task / model.heads();
        int token = panel * PANEL;
        int tokens = Math.min(PANEL, span.count() - token);
        int columns = kernels.columnsFor(tokens);
        int firstPosition = span.first() + token;
        int firstKey = window == 0 ? 0 : Math.max(0, firstPosition - window + 1);
        int keys = firstPosition + tokens - firstKey;
        float[] q = queries[worker]; // (headDim, columns)
        float[] s = scores[worker]; // (keys, columns)
        float[] o = products[worker]; // (headDim, columns)
        float[] sum = sums[worker]; // (columns)

        for (int d = 0; d < headDim; d++) {
            int from = (head * headDim + d) * stride + span.from() + token;
            System.arraycopy(query, from, q, d * columns, tokens);
            Arrays.fill(q, d * columns + tokens, (d + 1) * columns, 0);
        }
        // s = K q
        kernels.multiply(
                kv.keys(),
                (kvHead * kv.capacity() + firstKey) * headDim,
                headDim,
                keys,
                headDim,
                q,
                0,
                columns,
                columns,
                s,
                0,
                columns);
        mask(s, firstKey, keys, firstPosition, columns);
        // s = exp((s - max) / sqrt(headDim))
        kernels.softmax(s, keys, columns, (float) (1 / Math.sqrt(headDim)), sum);
        // o = V s
        kernels.multiply(
                kv.values(),
                kvHead * headDim * kv.capacity() + firstKey,
                kv.capacity(),
                headDim,
                keys,
                s,
                0,
                columns,
                columns,
                o,
                0,
                columns);
        for (int d = 0; d < headDim; d++) {
            int to = (head * headDim + d) * stride + span.from() + token;
            for (int c = 0; c < tokens; c++) out[to + c] = o[d * columns + c] / sum[c];
        }
    }

    /** Hides keys after a token's own position, and those its window has left behind. */
    private void mask(float[] s, int firstKey, int keys, int firstPosition, int columns) {
        int last = span.end() - 1;
        for (int r = 0; r < keys; r++) {
            int key = firstKey + r;
            boolean allSee =
                    key <= firstPosition
                            && (window == 0 || key > firstPosition + columns - 1 - window);
            if (allSee) continue;
            for (int c = 0; c < columns; c++) {
                // Padding columns see what the last token sees: their sums must not be empty.
                int position = Math.min(firstPosition + c, last);
                boolean sees = key <= position && (window == 0 || key > position - window);
                if (!sees) s[r * columns + c] = Float.NEGATIVE_INFINITY;
            }
        }
    }
}
