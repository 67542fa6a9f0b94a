package tk.verify.reference;

import org.jspecify.annotations.Nullable;

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
    private final float[][] scores; // (worker)(keys, columns)
    private final float[][] products; // (worker)(headDim, columns)
    private final float[][] sums; // (worker)(columns)

    private @Nullable KeyValueCache cache;
    private float[] query = {};
    private float[] out = {};
    private int first;
    private int count;
    private int stride;
    private int window;

    Attention(Decoder model, Kernels kernels, WorkerPool pool) {
        this.model = model;
        this.kernels = kernels;
        this.pool = pool;
        this.scores = new float[pool.workers()][0];
        this.products = new float[pool.workers()][model.headDim() * PANEL];
        this.sums = new float[pool.workers()][PANEL];
    }

    /**
     * Attends from the tokens of a chunk to all positions in the cache up to each.
     *
     * @param chunk whose keys and values the cache holds already
     * @param newQuery {@code (heads * headDim, stride)}, rotated
     * @param newWindow positions a token sees, itself included; 0 for all
     * @param newOut receives {@code (heads * headDim, stride)}
     */
    void run(Chunk chunk, KeyValueCache newCache, float[] newQuery, int newWindow, float[] newOut) {
        cache = newCache;
        query = newQuery;
        out = newOut;
        first = chunk.first();
        count = chunk.count();
        stride = chunk.stride();
        window = newWindow;
        int most = Math.multiplyExact(chunk.end(), Math.min(stride, PANEL));
        for (int i = 0; i < scores.length; i++) {
            scores[i] = MatrixProduct.atLeast(scores[i], most);
        }
        pool.run(Math.ceilDiv(stride, PANEL) * model.heads(), this);
    }

    @Override
    public void run(int task, int worker) {
        KeyValueCache kv = cache;
        if (kv == null) throw new IllegalStateException();
        int headDim = model.headDim();
        int head = task % model.heads();
        int kvHead = head / (model.heads() / model.kvHeads());
        // Later tokens see more: they come first, so that no worker is left with a large last task.
        int panel = Math.ceilDiv(stride, PANEL) - 1 - task / model.heads();
        int token = panel * PANEL;
        int columns = Math.min(PANEL, stride - token);
        int firstKey = window == 0 ? 0 : Math.max(0, first + token - window + 1);
        int endKey = first + Math.min(token + columns, count);
        int keys = endKey - firstKey;
        float[] s = scores[worker]; // (keys, columns)
        float[] o = products[worker]; // (headDim, columns)
        float[] sum = sums[worker]; // (columns)

        // s = K q
        kernels.multiply(
                kv.keys(),
                (kvHead * kv.capacity() + firstKey) * headDim,
                headDim,
                keys,
                headDim,
                query,
                head * headDim * stride + token,
                stride,
                columns,
                s,
                0,
                columns);
        mask(s, firstKey, keys, first + token, columns);
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
            int to = (head * headDim + d) * stride + token;
            for (int c = 0; c < columns; c++) out[to + c] = o[d * columns + c] / sum[c];
        }
    }

    /** Hides keys after a token's own position, and those its window has left behind. */
    private void mask(float[] s, int firstKey, int keys, int firstPosition, int columns) {
        int last = first + count - 1;
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
