package tk.bench;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.tensor.DType;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Values that no file system can compress, cheaply made; finite in every type of 16 or 32 bits. */
record Noise(TensorInfo info) implements Tensor {
    private static final long COLUMNS = 1024;

    /** Takes the highest bit of each exponent away. */
    private static final long FINITE = 0xbfffbfffbfffbfffL;

    /** So many tensors of so many bytes in all, or a little less. */
    static Checkpoint checkpoint(DType dtype, long megabytes, int tensors) {
        long rows = Math.max(1, megabytes * 1_000_000 / (dtype.blockBytes() * COLUMNS * tensors));
        List<Tensor> noise = new ArrayList<>();
        for (int i = 0; i < tensors; i++) {
            noise.add(new Noise(new TensorInfo("tensor." + i, dtype, new Shape(rows, COLUMNS))));
        }
        return new TensorMap(noise, Map.of(), List.of());
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        long state = first * 0x9e3779b97f4a7c15L + info.name().hashCode();
        for (long at = 0; at < count * info.rowBytes(); at += Long.BYTES) {
            state = state * 6364136223846793005L + 1442695040888963407L;
            into.set(ValueLayout.JAVA_LONG_UNALIGNED, at, (state ^ state >>> 29) & FINITE);
        }
    }
}
