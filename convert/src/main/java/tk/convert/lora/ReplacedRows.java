package tk.convert.lora;

import tk.convert.CastTensor;
import tk.tensor.Tensor;
import tk.tensor.TensorInfo;

import java.lang.foreign.MemorySegment;
import java.util.Map;

/**
 * An embedding with some rows in place of its own.
 *
 * @param base (vocabulary, hidden)
 * @param rows (n, hidden), of the base's type
 * @param places which row of {@code rows} stands in for which of the base
 */
record ReplacedRows(Tensor base, Tensor rows, Map<Integer, Integer> places) implements Tensor {
    ReplacedRows {
        places = Map.copyOf(places);
    }

    static Tensor of(Tensor base, Tensor rows, Map<Integer, Integer> places) {
        return new ReplacedRows(base, CastTensor.of(rows, base.info().dtype()), places);
    }

    @Override
    public TensorInfo info() {
        return base.info();
    }

    @Override
    public void readRows(long first, long count, MemorySegment into) {
        base.readRows(first, count, into);
        long rowBytes = info().rowBytes();
        places.forEach(
                (row, place) -> {
                    if (row < first || row >= first + count) return;
                    rows.readRows(place, 1, into.asSlice((row - first) * rowBytes, rowBytes));
                });
    }
}
