package tk.quantize;

import org.jspecify.annotations.Nullable;

import tk.tensor.DType;

import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Starts with the scalar kernel and changes to the vector kernel when that is compiled, which a
 * background thread sees to.
 *
 * <p>A vector kernel runs a hundred times slower than the scalar one until the compiler has
 * finished with it, a second or two later, and ten times faster from then on. Little work is better
 * done by the scalar one alone: the thread starts when {@link #MUCH} values have been quantized, or
 * on {@link #begin}. Both kernels give the same bytes, so that nobody sees which one did what.
 */
final class WarmStart implements BlockCodec {
    /** So many values take the scalar kernel about half a second. */
    private static final long MUCH = 8_000_000;

    private final BlockCodec scalar;
    private final BlockCodec vector;
    private final Phase plain;
    private final Phase weighted;

    WarmStart(BlockCodec scalar, BlockCodec vector) {
        this.scalar = scalar;
        this.vector = vector;
        plain = new Phase(false);
        weighted = new Phase(true);
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
        phase.codec.quantizeRows(values, from, rows, columns, importance, into, at);
        phase.count((long) rows * columns);
    }

    @Override
    public void dequantizeRow(byte[] blocks, int at, float[] into, int to, int columns) {
        scalar.dequantizeRow(blocks, at, into, to, columns);
    }

    /** Begins to warm up, with or without importance, unless this has begun. */
    void begin(boolean withImportance) {
        (withImportance ? weighted : plain).begin();
    }

    /** Whether the vector kernel is in use. */
    boolean warm(boolean withImportance) {
        return (withImportance ? weighted : plain).codec == vector;
    }

    /** Without importance, or with: these run different code. */
    private final class Phase {
        private static final int ROWS = 4;
        private static final int COLUMNS = 4096;
        private static final long PATIENCE = 60_000_000_000L;

        private final boolean weighted;
        private final AtomicLong quantized = new AtomicLong();
        private final AtomicBoolean begun = new AtomicBoolean();
        private volatile BlockCodec codec = scalar;

        Phase(boolean weighted) {
            this.weighted = weighted;
        }

        void count(long values) {
            if (!begun.get() && quantized.addAndGet(values) > MUCH) begin();
        }

        void begin() {
            if (!begun.compareAndSet(false, true)) return;
            Thread.ofPlatform().daemon().name("warm-up-" + type()).start(this::warmUp);
        }

        /** Runs the vector kernel until it is clearly faster, three times in a row. */
        private void warmUp() {
            float[] values = weights();
            float @Nullable [] importance = weighted ? importance() : null;
            byte[] into = new byte[Math.toIntExact(type().byteSize((long) ROWS * COLUMNS))];
            long start = System.nanoTime();
            long scalarTime = Long.MAX_VALUE;
            int faster = 0;
            while (faster < 3 && System.nanoTime() - start < PATIENCE) {
                scalarTime = Math.min(scalarTime, time(scalar, values, importance, into));
                long vectorTime = Long.MAX_VALUE;
                for (int i = 0; i < 16; i++) {
                    vectorTime = Math.min(vectorTime, time(vector, values, importance, into));
                }
                faster = vectorTime < scalarTime / 2 ? faster + 1 : 0;
            }
            if (faster == 3) codec = vector;
        }

        private static long time(
                BlockCodec codec, float[] values, float @Nullable [] importance, byte[] into) {
            long start = System.nanoTime();
            codec.quantizeRows(values, 0, ROWS, COLUMNS, importance, into, 0);
            return System.nanoTime() - start;
        }

        /** Mostly ordinary weights, and some of each kind that takes a path of its own. */
        private static float[] weights() {
            Random random = new Random(1);
            float[] values = new float[ROWS * COLUMNS];
            for (int i = 0; i < values.length; i++)
                values[i] = (float) random.nextGaussian() * 0.02f;
            for (int i = 0; i < 256; i++) {
                values[i] = i < 64 ? 0 : -1;
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
    }
}
