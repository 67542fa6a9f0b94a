package tk.gguf;

import tk.tensor.FileRegion;
import tk.tensor.StoredTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;

/**
 * A tensor that its file stores big-endian. It gives its rows little-endian, so it has no bytes to
 * copy straight.
 */
record SwappedTensor(StoredTensor bigEndian, ByteSwap swap) implements Tensor {
    static SwappedTensor of(TensorInfo info, FileRegion region, ByteSwap swap) {
        return new SwappedTensor(new StoredTensor(info, region), swap);
    }

    @Override
    public TensorInfo info() {
        return bigEndian.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        bigEndian.readRows(first, count, into);
        swap.apply(into.asSlice(0, count * info().rowBytes()));
    }
}
