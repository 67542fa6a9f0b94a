package tk.bench;

import com.sun.management.ThreadMXBean;

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

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * F32 values a microsecond (millions a second) made of blocks by the vector kernels, by the scalar
 * ones, and by ggml's own functions, from blocks and into memory that stay in a core's cache.
 *
 * <p>By JMH, or on a machine that has other work to do: {@code DequantizeKernels [TYPE…]} runs the
 * three and a copy of the values in turn on one thread, counts its processor time, compares the
 * values' bits, and prints medians in GB of F32 a second and the ratio.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC"
        })
public class DequantizeKernels {
    private static final int VALUES = 1 << 16;
    private static final int ROUNDS = 11;
    private static final int TIMES = 40;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The type. */
    @Param({
        "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL",
        "IQ4_XS"
    })
    public DType type = DType.Q4_K;

    private final float[] values = new float[VALUES];
    private final float[] copied = new float[VALUES];
    private byte[] blocks = new byte[0];

    @SuppressWarnings("NullAway.Init") // made by prepare(), which JMH calls
    private BlockCodec vector;

    @SuppressWarnings("NullAway.Init")
    private BlockCodec scalar;

    @SuppressWarnings("NullAway.Init")
    private GgmlDequantizer ggml;

    /** For JMH. */
    @SuppressWarnings("NullAway.Init")
    public DequantizeKernels() {}

    /** Makes blocks of normal weights, the same each time. */
    @Setup
    public void prepare() {
        SplittableRandom random = new SplittableRandom(1);
        float[] weights = new float[VALUES];
        for (int i = 0; i < VALUES; i++) weights[i] = 0.02f * (float) random.nextGaussian();
        blocks = new byte[(int) type.byteSize(VALUES)];
        vector = BlockCodecs.vector(type).orElseThrow();
        scalar = BlockCodecs.scalar(type);
        scalar.quantizeRow(weights, 0, VALUES, null, blocks, 0);
        ggml = new GgmlDequantizer(type, blocks, VALUES);
    }

    /** The vector kernel. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public float[] vector() {
        vector.dequantizeRow(blocks, 0, values, 0, VALUES);
        return values;
    }

    /** The scalar kernel. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public float[] scalar() {
        scalar.dequantizeRow(blocks, 0, values, 0, VALUES);
        return values;
    }

    /** ggml's function. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public Object ggml() {
        return ggml.dequantize();
    }

    /** As many values copied, for what memory allows. */
    @Benchmark
    @OperationsPerInvocation(VALUES)
    public float[] copy() {
        System.arraycopy(values, 0, copied, 0, VALUES);
        return copied;
    }

    /** Runs them in turn. */
    public static void main(String[] args) {
        System.out.println(Kernels.describe());
        List<DType> types =
                args.length == 0
                        ? BlockCodecs.types()
                        : Arrays.stream(args).map(DType::valueOf).toList();
        for (DType type : types) {
            DequantizeKernels kernels = new DequantizeKernels();
            kernels.type = type;
            kernels.prepare();
            kernels.compare();
        }
    }

    private void compare() {
        for (int i = 0; i < 3000; i++) vector();
        for (int i = 0; i < 200; i++) scalar();
        double[][] rates = new double[5][ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            rates[1][i] = rate(this::scalar);
            rates[0][i] = rate(this::vector);
            rates[2][i] = rate(this::ggml);
            rates[3][i] = rate(this::copy);
            rates[4][i] = rates[0][i] / rates[2][i];
        }
        vector();
        float[] theirs = ggml.values();
        for (int i = 0; i < VALUES; i++) {
            if (Float.floatToRawIntBits(values[i]) != Float.floatToRawIntBits(theirs[i])) {
                throw new AssertionError(type + ": value " + i + " differs from ggml's");
            }
        }
        for (double[] list : rates) Arrays.sort(list);
        System.out.printf(
                Locale.ROOT,
                "%-7s vector %5.1f  scalar %5.1f  ggml %5.1f  copy %5.1f GB of F32 a second: %.1f times ggml [%.1f..%.1f]%n",
                type,
                rates[0][ROUNDS / 2],
                rates[1][ROUNDS / 2],
                rates[2][ROUNDS / 2],
                rates[3][ROUNDS / 2],
                rates[4][ROUNDS / 2],
                rates[4][1],
                rates[4][ROUNDS - 2]);
    }

    /** GB of F32 a second. */
    private static double rate(Runnable work) {
        long start = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < TIMES; i++) work.run();
        return 4.0 * TIMES * VALUES / (THREADS.getCurrentThreadCpuTime() - start);
    }
}
