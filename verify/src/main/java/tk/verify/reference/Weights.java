package tk.verify.reference;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
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
        return Scalars.canWiden(type);
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
        long bytes = Math.multiplyExact((long) count, tensor.info().rowBytes());
        try (Scratch scratch = Scratch.borrow(bytes)) {
            tensor.readRows(first, count, scratch.segment());
            Scalars.widen(tensor.info().dtype(), scratch.segment(), 0, into, 0, count * columns);
        }
    }

    @Override
    public String toString() {
        return name() + " (" + rows + ", " + columns + ") " + tensor.info().dtype();
    }
}
