package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * Starts with the scalar kernel and changes to the vector kernel when that is compiled, which a
 * background thread sees to. Both give the same bytes: nobody sees which one did what.
 *
 * <p>A vector kernel runs a hundred times slower than the scalar one until the compiler has
 * finished with it, a second or two later, and ten times faster from then on. So little work is
 * done by the scalar kernel alone. Where there is known to be {@link #MUCH}, threads wait for the
 * vector kernel if they would only take the processors away from the compiler: what they could do
 * meanwhile, it does in a tenth of a second.
 */
final class WarmStart implements BlockCodec {
    /** So many values take the scalar kernels of two threads longer than the compiler takes. */
    static final long MUCH = 40_000_000;

    /**
     * So long does a thread wait for the vector kernel, in seconds, before it goes on without: the
     * machine has other work to do, which the compiler gets no turn beside.
     */
    private static final int PATIENCE = 3;

    /** One kernel after another: the first is of use while the next is compiled. */
    private static final ExecutorService WARMER =
            Executors.newSingleThreadExecutor(
                    task -> Thread.ofPlatform().daemon().name("tk-warm-up").unstarted(task));

    /** Whether there are processors besides those that the warm-up and the compiler keep busy. */
    private static final boolean PROCESSORS_TO_SPARE =
            Runtime.getRuntime().availableProcessors() > 4;

    /** What the warm-up works on: some batches of a kernel, and one super-block that fills none. */
    private static final int ROWS = 5;

    private static final int COLUMNS = 13 * 256;

    private final BlockCodec scalar;
    private final BlockCodec vector;
    private final Phase plain;
    private final Phase weighted;
    private final Phase backwards;

    WarmStart(BlockCodec scalar, BlockCodec vector) {
        this.scalar = scalar;
        this.vector = vector;
        plain = new Phase(() -> quantizing(null));
        weighted = new Phase(() -> quantizing(importance()));
        backwards = new Phase(this::dequantizing);
    }

    @Override
    public DType type() {
        return scalar.type();
    }

    @Override
    public void quantizeRows(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        Phase phase = importance == null ? plain : weighted;
        if (phase.worthWaiting && !PROCESSORS_TO_SPARE) phase.await();
        if (phase.codec == vector) {
            vector.quantizeRows(values, from, rows, columns, importance, into, at);
        } else {
            scalar.quantizeRows(values, from, rows, columns, importance, into, at);
            phase.count((long) rows * columns);
        }
    }

    @Override
    public void dequantizeRow(byte[] blocks, int at, float[] into, int to, int columns) {
        BlockCodec codec = backwards.codec;
        codec.dequantizeRow(blocks, at, into, to, columns);
        if (codec != vector) backwards.count(columns);
    }

    /**
     * Announces that so many values will be quantized, with or without importance; begins to warm
     * up where it pays.
     */
    void expect(long values, boolean withImportance) {
        if (values >= MUCH) (withImportance ? weighted : plain).begin(true);
    }

    /** Whether the vector kernel is in use. */
    boolean warm(boolean withImportance) {
        return (withImportance ? weighted : plain).codec == vector;
    }

    /** Whether vectors are in use for dequantizing. */
    boolean warmBackwards() {
        return backwards.codec == vector;
    }

    /** Work on memory of its own, to see how long a codec takes. */
    private interface Sample {
        void run(BlockCodec codec, int rows);
    }

    private Sample quantizing(float @Nullable [] importance) {
        float[] values = weights();
        byte[] into = new byte[Math.toIntExact(type().byteSize((long) ROWS * COLUMNS))];
        return (codec, rows) -> codec.quantizeRows(values, 0, rows, COLUMNS, importance, into, 0);
    }

    private Sample dequantizing() {
        byte[] blocks = new byte[Math.toIntExact(type().byteSize((long) ROWS * COLUMNS))];
        float[] into = new float[ROWS * COLUMNS];
        return (codec, rows) -> codec.dequantizeRow(blocks, 0, into, 0, rows * COLUMNS);
    }

    /**
     * Mostly ordinary weights, and some of each kind that takes a path of its own: one that is
     * compiled as never taken throws the kernel back into the interpreter when it is.
     */
    private static float[] weights() {
        Random random = new Random(1);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) values[i] = (float) random.nextGaussian() * 0.02f;
        for (int i = 0; i < 256; i++) {
            values[i] = i < 64 ? 0 : -1;
            values[512 + i] = Math.abs(values[512 + i]) + 0.02f;
            values[1024 + i] *= 1e-6f;
        }
        values[1024] = 1;
        return values;
    }

    private static float[] importance() {
        Random random = new Random(2);
        float[] importance = new float[COLUMNS];
        for (int i = 0; i < COLUMNS; i++)
            importance[i] = -(float) Math.log(1 - random.nextDouble());
        return importance;
    }

    /** Quantizing without importance, with it, or dequantizing: these run different code. */
    private final class Phase {
        /** So often is the vector kernel tried: it may be no faster, on narrow vectors. */
        private static final int RUNS = 5000;

        private final Supplier<Sample> samples;
        private final AtomicLong quantized = new AtomicLong();
        private final AtomicBoolean begun = new AtomicBoolean();
        private final CountDownLatch ready = new CountDownLatch(1);
        private volatile boolean worthWaiting;
        private volatile BlockCodec codec = scalar;

        Phase(Supplier<Sample> samples) {
            this.samples = samples;
        }

        void begin(boolean announced) {
            if (announced) worthWaiting = true;
            if (begun.compareAndSet(false, true)) WARMER.execute(this::warmUp);
        }

        /** Waits until the vector kernel is ready, though not for ever. */
        void await() {
            try {
                if (!ready.await(PATIENCE, TimeUnit.SECONDS)) worthWaiting = false;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** Much work comes unannounced, too. */
        void count(long values) {
            if (!begun.get() && quantized.addAndGet(values) >= MUCH) begin(false);
        }

        /** Runs the vector kernel until it is clearly faster, three times in a row. */
        private void warmUp() {
            Sample sample = samples.get();
            long scalarTime = Long.MAX_VALUE / ROWS;
            int faster = 0;
            for (int i = 0; faster < 3 && i < RUNS; i++) {
                if (i < 8) scalarTime = Math.min(scalarTime, time(scalar, sample, 1));
                long vectorTime = time(vector, sample, ROWS);
                faster = vectorTime < scalarTime * ROWS / 3 * 2 ? faster + 1 : 0;
                if (faster == 0) rest(vectorTime);
            }
            if (faster == 3) codec = vector;
            worthWaiting = false;
            ready.countDown();
        }

        /** What ran slowly is being compiled: that goes faster while nothing else runs. */
        private static void rest(long nanos) {
            try {
                Thread.sleep(Math.min(20, nanos / 2_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private static long time(BlockCodec codec, Sample sample, int rows) {
            long start = System.nanoTime();
            sample.run(codec, rows);
            return System.nanoTime() - start;
        }
    }
}
