package tk.jinja;

import java.util.AbstractList;

/** Python's {@code range}: counts without holding the numbers. */
final class Range extends AbstractList<Object> {
    /** The sandbox of jinja2 allows no more. */
    private static final long MAX = 100_000;

    private final long start;
    private final long step;
    private final long stop;
    private final int size;

    Range(long start, long stop, long step) {
        if (step == 0) throw new JinjaError("range() arg 3 must not be zero");
        this.start = start;
        this.stop = stop;
        this.step = step;
        long span = step > 0 ? stop - start : start - stop;
        long count = span <= 0 ? 0 : (span - 1) / Math.abs(step) + 1;
        if (count > MAX || count < 0)
            throw new JinjaError("range too big, the sandbox allows " + MAX);
        size = (int) count;
    }

    @Override
    public Object get(int index) {
        return start + index * step;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public String toString() {
        return step == 1
                ? "range(%d, %d)".formatted(start, stop)
                : "range(%d, %d, %d)".formatted(start, stop, step);
    }
}
