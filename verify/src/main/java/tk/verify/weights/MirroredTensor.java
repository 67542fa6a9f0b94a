package tk.verify.weights;

import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A source's values, each moved as far as the target's is, but to a side that chance decides.
 *
 * <p>Its error has the size of the target's in every value and nothing else in common with it: what
 * it does to a model's output is what rounding alone does.
 */
final class MirroredTensor implements Tensor {
    private final Tensor source;
    private final Tensor target;
    private final TensorInfo info;
    private final long seed;

    /**
     * @param source the values
     * @param target as many columns and at least as many rows
     * @param draw another number, other sides
     */
    MirroredTensor(Tensor source, Tensor target, int draw) {
        this.source = source;
        this.target = target;
        this.info = source.info().withDType(DType.F32);
        this.seed = (info.name().hashCode() + ((long) draw << 32)) * 0x9E3779B97F4A7C15L;
    }

    @Override
    public TensorInfo info() {
        return info;
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        int columns = (int) info.shape().columns();
        int values = Math.toIntExact(Math.multiplyExact(count, columns));
        float[] exact = new float[values];
        float[] rounded = new float[values];
        FloatRows.read(source, first, count, exact);
        FloatRows.read(target, first, count, rounded);
        long start = first * columns;
        long coins = coins(seed + start / 64);
        for (int i = 0; i < values; i++) {
            long index = start + i;
            if (index % 64 == 0) coins = coins(seed + index / 64);
            float error = rounded[i] - exact[i];
            exact[i] += (coins >>> index & 1) == 0 ? error : -error;
        }
        Scalars.narrow(DType.F32, exact, 0, into, 0, values);
    }

    /** 64 fair coins, the same for the same number (SplitMix64's finaliser). */
    private static long coins(long number) {
        long z = (number ^ (number >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
