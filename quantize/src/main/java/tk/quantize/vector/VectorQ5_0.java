package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q5_0;

/** {@link Q5_0} in vectors. */
final class VectorQ5_0 extends SymmetricBlocks {
    VectorQ5_0() {
        super(new Q5_0(), 22, 16);
    }

    @Override
    void put(float[] x, int from, float inverse, byte[] into, int at) {
        long fifth = 0;
        for (int l = 0; l < 16; l += COUNT) {
            IntVector low =
                    FloatVector.fromArray(FLOATS, x, from + l)
                            .mul(inverse)
                            .add(16.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(31);
            IntVector high =
                    FloatVector.fromArray(FLOATS, x, from + 16 + l)
                            .mul(inverse)
                            .add(16.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts()
                            .min(31);
            fifth |= low.compare(VectorOperators.GE, 16).toLong() << l;
            fifth |= high.compare(VectorOperators.GE, 16).toLong() << (16 + l);
            low.and(15)
                    .or(high.and(15).lanewise(VectorOperators.LSHL, 4))
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(into, at + 4 + l);
        }
        LittleEndian.putI32(into, at, (int) fifth);
    }

    @Override
    void pack(byte[] codes, byte[] into, int at) {
        Codes.packFifths(codes, into, at);
    }
}
