package tk.quantize;

import tk.tensor.DType;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What {@link VectorJvmsTest} runs in Java virtual machines of their own; by hand, too: {@code
 * VectorCheck bytes N TYPE…} compares about N super-blocks of each type, {@code VectorCheck
 * allocation 0 TYPE…} warms kernels up until they allocate nothing, and one type after another
 * {@code VectorCheck warm 0 TYPE…} lets work begin on scalar kernels and end on vector kernels. No
 * type means all.
 */
final class VectorCheck {
    private static final long PATIENCE = 60_000_000_000L;

    /** Kept: looking it up makes objects of its own. */
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private VectorCheck() {}

    public static void main(String[] args) throws InterruptedException {
        List<DType> types =
                args.length > 2
                        ? Arrays.stream(args).skip(2).map(DType::valueOf).toList()
                        : BlockCodecs.types();
        for (DType type : types) {
            switch (args[0]) {
                case "bytes" -> compare(type, Long.parseLong(args[1]));
                case "allocation" -> allocation(type);
                case "warm" -> warm(type);
                default -> throw new IllegalArgumentException(args[0]);
            }
        }
    }

    private static void compare(DType type, long atLeast) {
        long blocks = 0;
        for (long seed = 0; blocks < atLeast; seed++) {
            blocks += VectorComparison.everyKind(type, seed);
        }
        System.out.printf(
                Locale.ROOT,
                "%s, %s: %d super-blocks, none differing%n",
                type,
                Kernels.describe(),
                blocks);
    }

    /** An object a call would be enough to tell that a vector became one somewhere. */
    private static void allocation(DType type) {
        BlockCodec codec = VectorComparison.vector(type);
        float[] x = HostileWeights.NORMAL.generate(8 * 4096, 1);
        float[] importance = HostileImportance.EXPONENTIAL.generate(4096, 1);
        byte[] into = new byte[(int) type.byteSize(x.length)];
        for (boolean weighted : new boolean[] {false, true}) {
            float[] weights = weighted ? importance : null;
            long start = System.nanoTime();
            int clean = 0;
            while (clean < 5) {
                if (System.nanoTime() - start > PATIENCE / 4) {
                    throw new AssertionError(type + " allocates, weighted: " + weighted);
                }
                long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 4; i++) codec.quantizeRows(x, 0, 8, 4096, weights, into, 0);
                clean = THREADS.getCurrentThreadAllocatedBytes() == before ? clean + 1 : 0;
            }
            System.out.printf(Locale.ROOT, "%s, weighted: %s: allocates nothing%n", type, weighted);
        }
        float[] back = new float[x.length];
        backwardsAllocation(codec, into, back);
        System.out.printf(Locale.ROOT, "%s, backwards: allocates nothing%n", type);
    }

    private static void backwardsAllocation(BlockCodec codec, byte[] blocks, float[] into) {
        long start = System.nanoTime();
        int clean = 0;
        while (clean < 5) {
            if (System.nanoTime() - start > PATIENCE / 4) {
                throw new AssertionError(codec.type() + " allocates when it dequantizes");
            }
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20; i++) codec.dequantizeRow(blocks, 0, into, 0, into.length);
            clean = THREADS.getCurrentThreadAllocatedBytes() == before ? clean + 1 : 0;
        }
    }

    private static void warm(DType type) throws InterruptedException {
        WarmStart codec = new WarmStart(BlockCodecs.scalar(type), VectorComparison.vector(type));
        float[] x = HostileWeights.HEAVY_TAIL.generate(4096, 1);
        byte[] before = new byte[(int) type.byteSize(4096)];
        byte[] after = new byte[before.length];
        codec.expect(WarmStart.MUCH - 1, false);
        codec.quantizeRow(x, 0, 4096, null, before, 0);
        if (codec.warm(false)) throw new AssertionError("warm for so little");
        codec.expect(WarmStart.MUCH, false);
        codec.quantizeRow(x, 0, 4096, null, after, 0);
        if (!Arrays.equals(before, after)) throw new AssertionError("differs while warming up");
        long start = System.nanoTime();
        while (!codec.warm(false) && System.nanoTime() - start < PATIENCE) Thread.sleep(5);
        if (!codec.warm(false)) throw new AssertionError(type + " does not get warm");
        if (codec.warm(true)) throw new AssertionError("importance has kernels of its own");
        codec.quantizeRow(x, 0, 4096, null, after, 0);
        if (!Arrays.equals(before, after)) throw new AssertionError("differs when warm");
        warmBackwards(codec, after);
        System.out.printf(Locale.ROOT, "%s: from scalar to vector%n", type);
    }

    private static void warmBackwards(WarmStart codec, byte[] blocks) throws InterruptedException {
        float[] before = new float[4096];
        float[] after = new float[4096];
        codec.dequantizeRow(blocks, 0, before, 0, 4096);
        if (codec.warmBackwards()) throw new AssertionError("warm for so little");
        for (int i = 0; i < WarmStart.MUCH / 4096; i++)
            codec.dequantizeRow(blocks, 0, after, 0, 4096);
        long start = System.nanoTime();
        while (!codec.warmBackwards() && System.nanoTime() - start < PATIENCE) Thread.sleep(5);
        if (!codec.warmBackwards()) throw new AssertionError("dequantizing does not get warm");
        codec.dequantizeRow(blocks, 0, after, 0, 4096);
        if (!Arrays.equals(before, after)) throw new AssertionError("differs when warm");
    }
}
