package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.Q4_1;

/** {@link Q4_1} in vectors. */
final class VectorQ4_1 extends AffineBlocks {
    VectorQ4_1() {
        super(new Q4_1(), 20, 15);
    }

    @Override
    void put(float[] x, int from, float low, float inverse, byte[] into, int at) {
        for (int l = 0; l < 16; l += COUNT) {
            IntVector first =
                    FloatVector.fromArray(FLOATS, x, from + l)
                            .sub(low)
                            .mul(inverse)
                            .add(0.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(15);
            IntVector second =
                    FloatVector.fromArray(FLOATS, x, from + 16 + l)
                            .sub(low)
                            .mul(inverse)
                            .add(0.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(15);
            first.or(second.lanewise(VectorOperators.LSHL, 4))
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(into, at + l);
        }
    }

    @Override
    void pack(byte[] codes, byte[] into, int at) {
        Codes.packHalves(codes, 0, into, at);
    }
}
