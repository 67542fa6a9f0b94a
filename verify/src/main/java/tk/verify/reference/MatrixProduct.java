package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.verify.reference.Decoder.Linear;

/**
 * {@code W · x} for weights of any type: workers take turns in fetching a few dozen rows of W,
 * widening them to F32 and multiplying them with all columns of x, so that memory does not depend
 * on the size of W.
 */
final class MatrixProduct implements WorkerPool.Job {
    /** What becomes of a product. */
    enum Then {
        /** {@code out = Wx + b}. */
        STORE,
        /** {@code out += Wx + b}. */
        ADD,
        /** {@code out = silu(out) · (Wx + b)}. */
        SWIGLU,
        /** {@code out = (Wx + b)ᵀ}: a row a token. */
        TRANSPOSE
    }

    /** Values of W that a worker holds at a time: 512 KiB, about half an L2 cache. */
    private static final int HELD = 128 << 10;

    private static final int MOST_ROWS = 48;
    private static final int ROW_STEP = 12;

    /**
     * Columns of x that lie together while they are multiplied: a step down a row of x is then a
     * step in memory, whatever the number of columns, and no two rows fight for a place in a cache.
     */
    private static final int PANEL = 64;

    /** Values that a task of the packing moves, about. */
    private static final int PACKED_AT_ONCE = 32 << 10;

    private final Kernels kernels;
    private final WorkerPool pool;
    private final float[][] held; // (worker)(rows, depth)
    private final float[][] products; // (worker)(rows, columns), panel after panel
    private float[] packed = {}; // (panels)(depth, columns of the panel)
    private float[] panels = {}; // packed, or x where it is one panel

    private @Nullable Linear linear;
    private float[] x = {};
    private int columns;
    private float[] out = {};
    private int outStride;
    private Then then = Then.STORE;
    private int rowsPerTask;

    MatrixProduct(Kernels kernels, WorkerPool pool) {
        this.kernels = kernels;
        this.pool = pool;
        this.held = new float[pool.workers()][0];
        this.products = new float[pool.workers()][0];
    }

    /**
     * Multiplies.
     *
     * @param newLinear weights {@code (rows, depth)} and bias {@code (rows)} or null
     * @param newX {@code (depth, columns)}
     * @param newOut {@code (rows, columns)}, rows {@code newOutStride} apart; transposed: {@code
     *     (columns, rows)}
     */
    void run(
            Linear newLinear,
            float[] newX,
            int newColumns,
            float[] newOut,
            int newOutStride,
            Then newThen) {
        if (!newLinear.branches().isEmpty()) {
            runBranches(newLinear, newX, newColumns, newOut, newOutStride, newThen);
            return;
        }
        linear = newLinear;
        x = newX;
        columns = newColumns;
        out = newOut;
        outStride = newOutStride;
        then = newThen;
        Weights weights = newLinear.weights();
        int fitting = HELD / weights.columns() / ROW_STEP * ROW_STEP;
        rowsPerTask = Math.clamp(fitting, ROW_STEP, MOST_ROWS);
        for (int i = 0; i < held.length; i++) {
            held[i] = atLeast(held[i], Math.multiplyExact(rowsPerTask, weights.columns()));
            products[i] = atLeast(products[i], rowsPerTask * columns);
        }
        panels = columns > PANEL ? pack(weights.columns()) : x;
        pool.run(Math.ceilDiv(weights.rows(), rowsPerTask), this);
    }

    /** Copies x panel by panel. */
    private float[] pack(int depth) {
        packed = atLeast(packed, Math.multiplyExact(depth, columns));
        int step = Math.max(1, PACKED_AT_ONCE / columns);
        pool.run(
                Math.ceilDiv(depth, step),
                (task, worker) -> pack(depth, task * step, Math.min(depth, (task + 1) * step)));
        return packed;
    }

    private void pack(int depth, int first, int end) {
        for (int c = 0; c < columns; c += PANEL) {
            int width = Math.min(PANEL, columns - c);
            int to = c * depth;
            for (int k = first; k < end; k++) {
                System.arraycopy(x, k * columns + c, packed, to + k * width, width);
            }
        }
    }

    /** The product of the matrix alone, what adapters add to it, the bias, and what then. */
    private void runBranches(
            Linear adapted,
            float[] newX,
            int newColumns,
            float[] newOut,
            int newOutStride,
            Then newThen) {
        int rows = adapted.weights().rows();
        float[] product = new float[Math.multiplyExact(rows, newColumns)]; // (rows, columns)
        Linear alone = new Linear(adapted.weights(), null);
        run(alone, newX, newColumns, product, newColumns, Then.STORE);
        for (Branch branch : adapted.branches()) {
            branch.run(this, newX, newColumns, product);
        }
        add(adapted.bias(), product, 0, rows);
        out = newOut;
        outStride = newOutStride;
        then = newThen;
        finish(product, 0, rows);
    }

    @Override
    public void run(int task, int worker) {
        Linear work = linear;
        if (work == null) throw new IllegalStateException();
        Weights weights = work.weights();
        int first = task * rowsPerTask;
        int rows = Math.min(rowsPerTask, weights.rows() - first);
        int depth = weights.columns();
        float[] w = held[worker]; // (rows, depth)
        float[] product = products[worker]; // (rows, columns)
        if (columns == 1) {
            weights.multiply(kernels, first, rows, x, 0, w, product);
        } else {
            weights.read(kernels, first, rows, w);
            for (int c = 0; c < columns; c += PANEL) {
                int width = Math.min(PANEL, columns - c);
                float[] panel = panels; // (depth, width) from index c * depth on
                kernels.multiply(
                        w, 0, depth, rows, depth, panel, c * depth, width, width, product, c,
                        columns);
            }
        }
        add(work.bias(), product, first, rows);
        finish(product, first, rows);
    }

    private void add(float @Nullable [] bias, float[] product, int first, int rows) {
        if (bias == null) return;
        for (int r = 0; r < rows; r++) {
            float b = bias[first + r];
            for (int c = 0; c < columns; c++) product[r * columns + c] += b;
        }
    }

    private void finish(float[] product, int first, int rows) {
        for (int r = 0; r < rows; r++) {
            int from = r * columns;
            int to = (first + r) * outStride;
            switch (then) {
                case STORE -> System.arraycopy(product, from, out, to, columns);
                case ADD -> {
                    for (int c = 0; c < columns; c++) out[to + c] += product[from + c];
                }
                case SWIGLU -> kernels.swiGlu(out, to, product, from, columns);
                case TRANSPOSE -> {}
            }
        }
        if (then == Then.TRANSPOSE) {
            for (int c = 0; c < columns; c++) {
                int to = c * outStride + first;
                for (int r = 0; r < rows; r++) out[to + r] = product[r * columns + c];
            }
        }
    }

    /** {@code array} where it is long enough, else a new one. */
    static float[] atLeast(float[] array, int length) {
        return array.length >= length ? array : new float[length];
    }
}
