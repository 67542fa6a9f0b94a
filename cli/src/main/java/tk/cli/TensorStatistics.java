package tk.cli;

import tk.quantize.FloatRows;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * What a tensor's values are like.
 *
 * @param min smallest finite value
 * @param max largest finite value
 * @param mean of the finite values
 * @param nan how many are not a number
 * @param infinite how many are infinite
 */
record TensorStatistics(double min, double max, double mean, long nan, long infinite) {
    private static final int CHUNK = 1 << 18;

    /** Of a tensor's values as F32; empty where its type holds no such values, or it has none. */
    static Optional<TensorStatistics> of(Tensor tensor) {
        TensorInfo info = tensor.info();
        if (!FloatRows.canWiden(info.dtype()) || info.shape().elements() == 0)
            return Optional.empty();
        int columns = Math.toIntExact(info.shape().columns());
        long rows = info.shape().rows();
        long step = Math.max(1, CHUNK / columns);
        float[] values = new float[Math.toIntExact(Math.min(step, rows) * columns)];
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        double sum = 0;
        long nan = 0;
        long infinite = 0;
        for (long first = 0; first < rows; first += step) {
            int count = (int) Math.min(step, rows - first) * columns;
            FloatRows.read(tensor, first, count / columns, values);
            for (int i = 0; i < count; i++) {
                float v = values[i];
                if (Float.isNaN(v)) nan++;
                else if (Float.isInfinite(v)) infinite++;
                else {
                    min = Math.min(min, v);
                    max = Math.max(max, v);
                    sum += v;
                }
            }
        }
        long finite = info.shape().elements() - nan - infinite;
        return Optional.of(
                finite == 0
                        ? new TensorStatistics(0, 0, 0, nan, infinite)
                        : new TensorStatistics(min, max, sum / finite, nan, infinite));
    }

    SequencedMap<String, Object> toJson() {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("min", min);
        members.put("max", max);
        members.put("mean", mean);
        members.put("nan", nan);
        members.put("infinite", infinite);
        return members;
    }
}
