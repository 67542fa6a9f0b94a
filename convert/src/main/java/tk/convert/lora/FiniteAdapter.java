package tk.convert.lora;

import tk.error.MalformedException;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Tensor;

import java.util.List;

/** Looks for what no trained weight is: NaN and infinity. */
final class FiniteAdapter {
    private static final int PIECE = 1 << 16;

    private FiniteAdapter() {}

    /**
     * Reads all tensors once.
     *
     * @throws MalformedException where a value is not finite
     */
    static void require(String place, List<Tensor> tensors) {
        tensors.parallelStream().forEach(tensor -> require(place, tensor));
    }

    private static void require(String place, Tensor tensor) {
        long rows = tensor.info().shape().rows();
        long rowBytes = tensor.info().rowBytes();
        int columns = Math.toIntExact(tensor.info().shape().columns());
        long step = Math.max(1, PIECE / Math.max(1, columns));
        float[] values = new float[Math.toIntExact(Math.multiplyExact(step, columns))];
        for (long first = 0; first < rows; first += step) {
            long count = Math.min(step, rows - first);
            int n = Math.toIntExact(count * columns);
            try (Scratch scratch = Scratch.borrow(count * rowBytes)) {
                tensor.readRows(first, count, scratch.segment());
                Scalars.widen(tensor.info().dtype(), scratch.segment(), 0, values, 0, n);
            }
            if (Scalars.largestMagnitude(values, 0, n) < 0x7f800000) continue;
            int at = 0;
            while (Float.isFinite(values[at])) at++;
            throw new MalformedException(
                    "%s: tensor `%s`, row %d, column %d: the value is %s, expected a finite number"
                            .formatted(
                                    place,
                                    tensor.info().name(),
                                    first + at / columns,
                                    at % columns,
                                    values[at]),
                    "The training diverged, or the file is damaged: take an earlier checkpoint.");
        }
    }
}
