package tk.tensor;

import java.util.Arrays;

/**
 * The extents of a tensor, outermost first (PyTorch order; only the boundary to GGUF reverses it).
 * Immutable.
 *
 * <p>A <em>row</em> is one run of the innermost dimension; a 0-dimensional tensor is one row of one
 * value.
 */
public final class Shape {
    /** Bytes of a C128. */
    private static final int LARGEST_VALUE = 16;

    private final long[] dims;
    private final long elements;

    /**
     * A shape with these extents.
     *
     * @throws IllegalArgumentException where one is negative
     * @throws ArithmeticException where their product, but for zeros, is so large that its bytes
     *     exceed 2^63-1 in some type: even an empty tensor has rows of a size
     */
    public Shape(long... dims) {
        this.dims = dims.clone();
        long product = 1;
        boolean empty = false;
        for (long dim : this.dims) {
            if (dim < 0) throw new IllegalArgumentException("negative dimension " + dim);
            if (dim == 0) empty = true;
        }
        for (long dim : this.dims) {
            if (dim != 0) product = Math.multiplyExact(product, dim);
        }
        Math.multiplyExact(product, LARGEST_VALUE);
        this.elements = empty ? 0 : product;
    }

    /** How many dimensions. */
    public int rank() {
        return dims.length;
    }

    /** The extent of dimension {@code axis}, 0 being the outermost. */
    public long dim(int axis) {
        return dims[axis];
    }

    /** The extents, outermost first; a copy. */
    public long[] dims() {
        return dims.clone();
    }

    /** The number of values. */
    public long elements() {
        return elements;
    }

    /** The length of a row: the innermost extent, or 1 where there are no dimensions. */
    public long columns() {
        return dims.length == 0 ? 1 : dims[dims.length - 1];
    }

    /** How many rows: the product of all extents but the innermost. */
    public long rows() {
        return columns() == 0 ? 0 : elements / columns();
    }

    /** Whether the shape is exactly these extents. */
    public boolean is(long... expected) {
        return Arrays.equals(dims, expected);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** As PyTorch prints it: {@code [32000, 768]}. */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
