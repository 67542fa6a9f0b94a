package tk.tensor;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A tensor under another name.
 *
 * @param info as the original's but for the name
 * @param original where the values come from
 */
public record RenamedTensor(TensorInfo info, Tensor original) implements Tensor {
    /** {@code tensor} under the name {@code name}. */
    public static Tensor of(String name, Tensor tensor) {
        if (tensor.info().name().equals(name)) return tensor;
        Tensor original = tensor instanceof RenamedTensor renamed ? renamed.original() : tensor;
        return new RenamedTensor(tensor.info().withName(name), original);
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        original.readRows(first, count, into);
    }

    @Override
    public Optional<FileRegion> stored() {
        return original.stored();
    }
}
