package tk.quantize.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Whether vector kernels may take values on. */
final class Finite {
    private Finite() {}

    /** Whether none of them is NaN or infinite. */
    static boolean all(float[] x, int from, int count) {
        IntVector most = IntVector.zero(Lanes.INTS);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(count); i += Lanes.COUNT) {
            most =
                    most.max(
                            FloatVector.fromArray(Lanes.FLOATS, x, from + i)
                                    .reinterpretAsInts()
                                    .and(0x7fffffff));
        }
        int largest = most.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(x[from + i]) & 0x7fffffff);
        }
        return largest < 0x7f800000;
    }
}
