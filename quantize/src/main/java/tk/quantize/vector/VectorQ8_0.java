package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q8_0;

/** {@link Q8_0} in vectors: here the values of one block share a vector. */
final class VectorQ8_0 implements BlockKernel {
    private static final int VALUES = 32;
    private static final int BYTES = 34;

    /** The largest float below ½: added to a value, it carries over what rounds up, and no more. */
    private static final float HALF = 0.49999997f;

    private final BlockKernel scalar = new Q8_0();

    @Override
    public void quantize(
            float[] values,
            int from,
            int rows,
            int columns,
            float @Nullable [] importance,
            byte[] into,
            int at) {
        int blocks = rows * columns / VALUES;
        for (int b = 0; b < blocks; b++) {
            int start = from + b * VALUES;
            int to = at + b * BYTES;
            int magnitude = magnitude(values, start);
            // The last block's last vector could write past its end where bytes are fewer than 8.
            if (Plain.fits(magnitude) && (COUNT >= 8 || b < blocks - 1)) {
                quantizeBlock(values, start, Float.intBitsToFloat(magnitude), into, to);
            } else {
                scalar.quantize(values, start, 1, VALUES, null, into, to);
            }
        }
    }

    private static int magnitude(float[] x, int from) {
        IntVector most = IntVector.zero(INTS);
        for (int i = 0; i < VALUES; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
            most = most.max(v.reinterpretAsInts().and(0x7fffffff));
        }
        return most.reduceLanes(VectorOperators.MAX);
    }

    private static void quantizeBlock(float[] x, int from, float magnitude, byte[] into, int at) {
        float d = magnitude / 127;
        float inverse = 1 / d;
        LittleEndian.putF16(into, at, d);
        for (int i = 0; i < VALUES; i += COUNT) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).mul(inverse);
            IntVector half =
                    v.reinterpretAsInts().and(0x80000000).or(Float.floatToRawIntBits(HALF));
            v.add(half.reinterpretAsFloats())
                    .convert(VectorOperators.F2I, 0)
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(into, at + 2 + i);
        }
    }

    @Override
    public void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        scalar.dequantize(blocks, at, into, to, count);
    }
}
