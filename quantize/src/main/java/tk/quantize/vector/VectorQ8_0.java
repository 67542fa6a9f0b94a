package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q8_0;

/** {@link Q8_0} in vectors. */
final class VectorQ8_0 extends PlainBlocks {
    private static final int BYTES = 34;

    /** The largest float below ½: added to a value, it carries over what rounds up, and no more. */
    private static final int HALF = Float.floatToRawIntBits(0.49999997f);

    VectorQ8_0() {
        super(new Q8_0(), BYTES);
    }

    @Override
    void quantizeBatch(
            float[] x,
            int from,
            int count,
            float @Nullable [] importance,
            int position,
            int columns,
            byte[] into,
            int at) {
        quantizePlain(x, from, count, into, at);
    }

    /** Importance has no influence. */
    @Override
    boolean takes(float[] x, int from, int count, float @Nullable [] importance, int columns) {
        return true;
    }

    @Override
    void measure(float[] x, int from, int blocks) {
        BlockExtremes.magnitudes(x, from, blocks, magnitude);
        for (int b = 0; b < blocks; b += COUNT) {
            IntVector most = IntVector.fromArray(INTS, magnitude, b);
            most.reinterpretAsFloats().div(127).intoArray(scale, b);
        }
    }

    @Override
    void encode(float[] x, int from, int blocks, byte[] into, int at) {
        for (int b = 0; b < blocks; b++) {
            int to = at + b * BYTES;
            LittleEndian.putU16(into, to, half[b]);
            FloatVector factor = FloatVector.broadcast(FLOATS, inverse[b]);
            for (int i = 0; i < BLOCK; i += COUNT) {
                FloatVector v = FloatVector.fromArray(FLOATS, x, from + b * BLOCK + i).mul(factor);
                IntVector half = v.reinterpretAsInts().and(0x80000000).or(HALF);
                v.add(half.reinterpretAsFloats())
                        .convert(VectorOperators.F2I, 0)
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(into, to + 2 + i);
            }
        }
    }
}
