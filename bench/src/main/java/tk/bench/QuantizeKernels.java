package tk.bench;

import com.sun.management.ThreadMXBean;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import tk.quantize.BlockCodec;
import tk.quantize.BlockCodecs;
import tk.quantize.Kernels;
import tk.tensor.DType;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Values a microsecond (millions a second) of the vector kernels, of the scalar ones, and of ggml's
 * own functions, on normal weights that stay in a core's cache.
 *
 * <p>By JMH, or on a machine that has other work to do: {@code QuantizeKernels TYPE…} runs the
 * three in turn on one thread, counts its processor time, and prints medians and the ratio.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC"
        })
public class QuantizeKernels {
    private static final int ROWS = 16;
    private static final int COLUMNS = 4096;
    private static final int VALUES = ROWS * COLUMNS;
    private static final int ROUNDS = 11;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The type. */
    @Param({"Q4_K", "Q5_K", "Q6_K", "Q8_0", "Q4_0", "Q5_0", "Q2_K", "Q3_K", "IQ4_NL", "IQ4_XS"})
    public DType type = DType.Q4_K;

    /** Whether the columns have weights of importance. */
    @Param({"false", "true"})
    public boolean weighted;

    private final float[] values = new float[VALUES];
    private float @Nullable [] importance;
    private byte[] blocks = new byte[0];

    @SuppressWarnings("NullAway.Init") // made by prepare(), which JMH calls
    private BlockCodec vector;

    @SuppressWarnings("NullAway.Init")
    private BlockCodec scalar;

    @SuppressWarnings("NullAway.Init")
    private GgmlQuantizer ggml;

    /** For JMH. */
    @SuppressWarnings("NullAway.Init")
    public QuantizeKernels() {}

    /** Makes weights and importance, the same each time. */
    @Setup
    public void prepare() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < VALUES; i++) values[i] = 0.02f * (float) random.nextGaussian();
        if (weighted) {
            importance = new float[COLUMNS];
            for (int i = 0; i < COLUMNS; i++) importance[i] = (float) random.nextExponential();
        }
        blocks = new byte[(int) type.byteSize(VALUES)];
        vector = BlockCodecs.vector(type).orElseThrow();
        scalar = BlockCodecs.scalar(type);
        ggml = new GgmlQuantizer(type, values, COLUMNS, importance);
    }

    /** The vector kernel. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public byte[] vector() {
        vector.quantizeRows(values, 0, ROWS, COLUMNS, importance, blocks, 0);
        return blocks;
    }

    /** The scalar kernel. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public byte[] scalar() {
        scalar.quantizeRows(values, 0, ROWS, COLUMNS, importance, blocks, 0);
        return blocks;
    }

    /** ggml's function. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public Object ggml() {
        return ggml.quantize();
    }

    /** Runs the three in turn. */
    public static void main(String[] args) {
        System.out.println(Kernels.describe());
        for (String name : args) {
            for (boolean weighted : new boolean[] {false, true}) {
                QuantizeKernels kernels = new QuantizeKernels();
                kernels.type = DType.valueOf(name);
                kernels.weighted = weighted;
                kernels.prepare();
                kernels.print(kernels.compare());
            }
        }
    }

    /** How many times as fast as ggml's function the warm vector kernel is, without importance. */
    static double timesGgml(DType type) {
        QuantizeKernels kernels = new QuantizeKernels();
        kernels.type = type;
        kernels.prepare();
        return kernels.compare()[3][ROUNDS / 2];
    }

    /** Sorted rates of the vector kernel, the scalar one, ggml's, and the first over the last. */
    private double[][] compare() {
        warmUp();
        double[][] rates = new double[4][ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            rates[0][i] = rate(8, this::vector);
            byte[] ours = blocks.clone();
            rates[1][i] = rate(1, this::scalar);
            rates[2][i] = rate(1, this::ggml);
            rates[3][i] = rates[0][i] / rates[2][i];
            MemorySegment theirs = ggml.quantize();
            if (!Arrays.equals(ours, theirs.toArray(ValueLayout.JAVA_BYTE))) {
                throw new AssertionError(type + ": bytes differ from ggml's");
            }
        }
        for (double[] list : rates) Arrays.sort(list);
        return rates;
    }

    private void print(double[][] rates) {
        System.out.printf(
                Locale.ROOT,
                "%-7s%-12s vector %7.1f  scalar %6.1f  ggml %6.1f million values a second: %.1f times ggml [%.1f..%.1f]%n",
                type,
                weighted ? "importance" : "",
                rates[0][ROUNDS / 2],
                rates[1][ROUNDS / 2],
                rates[2][ROUNDS / 2],
                rates[3][ROUNDS / 2],
                rates[3][1],
                rates[3][ROUNDS - 2]);
    }

    /** A kernel that is compiled throughout makes no objects. */
    private void warmUp() {
        long start = System.nanoTime();
        int clean = 0;
        while (clean < 50 && System.nanoTime() - start < 60_000_000_000L) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            vector();
            clean = THREADS.getCurrentThreadAllocatedBytes() == before ? clean + 1 : 0;
        }
        for (int i = 0; i < 20; i++) scalar();
    }

    private static double rate(int times, Runnable work) {
        long start = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < times; i++) work.run();
        return 1e3 * times * VALUES / (THREADS.getCurrentThreadCpuTime() - start);
    }
}
