package tk.quantize;

import tk.tensor.DType;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * How many values of each type a job will quantize. The kernels hear of it when the first row is
 * read: a plan that is only looked at warms nothing up.
 */
final class Workload {
    private record Kind(DType type, boolean weighted) {}

    private final Map<Kind, Long> values = new LinkedHashMap<>();
    private final AtomicBoolean begun = new AtomicBoolean();

    /** Adds a tensor; in the order in which they will be read. */
    void add(DType type, boolean weighted, long count) {
        values.merge(new Kind(type, weighted), count, Long::sum);
    }

    /** Told before every piece of work; the first time counts. */
    void begin() {
        if (begun.get() || !begun.compareAndSet(false, true)) return;
        values.forEach((kind, count) -> BlockCodecs.expect(kind.type, kind.weighted, count));
    }
}
