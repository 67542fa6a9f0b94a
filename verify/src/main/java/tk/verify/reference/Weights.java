package tk.verify.reference;

import tk.quantize.FloatRows;
import tk.tensor.DType;
import tk.tensor.Tensor;

/**
 * A matrix {@code (rows, columns)} whose rows are widened to F32 a few at a time, whatever type
 * they are stored in. Thread-safe.
 */
final class Weights {
    private final Tensor tensor;
    private final int rows;
    private final int columns;

    Weights(Tensor tensor) {
        this.tensor = tensor;
        this.rows = Math.toIntExact(tensor.info().shape().rows());
        this.columns = Math.toIntExact(tensor.info().shape().columns());
    }

    /** Whether values of this type can be widened. */
    static boolean canRead(DType type) {
        return FloatRows.canWiden(type);
    }

    /** The tensor's name in its file. */
    String name() {
        return tensor.info().name();
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    /** Widens {@code count} rows from {@code first} on to the start of {@code into}. */
    void read(int first, int count, float[] into) {
        FloatRows.read(tensor, first, count, into);
    }

    @Override
    public String toString() {
        return name() + " (" + rows + ", " + columns + ") " + tensor.info().dtype();
    }
}
