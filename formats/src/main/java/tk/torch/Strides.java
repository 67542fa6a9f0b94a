package tk.torch;

import tk.tensor.Shape;

/** How far apart neighbours lie in memory, in elements, for each dimension. */
final class Strides {
    private Strides() {}

    /** Rows one after another: the innermost dimension is dense. */
    static long[] contiguous(Shape shape) {
        long[] strides = new long[shape.rank()];
        long step = 1;
        for (int i = shape.rank() - 1; i >= 0; i--) {
            strides[i] = step;
            step *= Math.max(1, shape.dim(i));
        }
        return strides;
    }

    /** Columns one after another: the outermost dimension is dense. */
    static long[] fortran(Shape shape) {
        long[] strides = new long[shape.rank()];
        long step = 1;
        for (int i = 0; i < shape.rank(); i++) {
            strides[i] = step;
            step *= Math.max(1, shape.dim(i));
        }
        return strides;
    }

    /**
     * Whether elements lie in order without gaps; the stride of a dimension of one is of no
     * meaning.
     */
    static boolean isContiguous(Shape shape, long[] strides) {
        long[] dense = contiguous(shape);
        for (int i = 0; i < strides.length; i++) {
            if (shape.dim(i) > 1 && strides[i] != dense[i]) return false;
        }
        return true;
    }
}
