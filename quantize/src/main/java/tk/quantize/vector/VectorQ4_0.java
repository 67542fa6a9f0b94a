package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.Q4_0;

/** {@link Q4_0} in vectors. */
final class VectorQ4_0 extends SymmetricBlocks {
    VectorQ4_0() {
        super(new Q4_0(), 18, 8);
    }

    @Override
    void put(float[] x, int from, float inverse, byte[] into, int at) {
        for (int l = 0; l < 16; l += COUNT) {
            IntVector low =
                    FloatVector.fromArray(FLOATS, x, from + l)
                            .mul(inverse)
                            .add(8.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(15);
            IntVector high =
                    FloatVector.fromArray(FLOATS, x, from + 16 + l)
                            .mul(inverse)
                            .add(8.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(15);
            low.or(high.lanewise(VectorOperators.LSHL, 4))
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
