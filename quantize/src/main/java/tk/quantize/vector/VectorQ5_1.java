package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q5_1;

/** {@link Q5_1} in vectors. */
final class VectorQ5_1 extends AffineBlocks {
    VectorQ5_1() {
        super(new Q5_1(), 24, 31);
    }

    @Override
    void put(float[] x, int from, float low, float inverse, byte[] into, int at) {
        long fifth = 0;
        for (int l = 0; l < 16; l += COUNT) {
            IntVector first =
                    FloatVector.fromArray(FLOATS, x, from + l)
                            .sub(low)
                            .mul(inverse)
                            .add(0.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts();
            IntVector second =
                    FloatVector.fromArray(FLOATS, x, from + 16 + l)
                            .sub(low)
                            .mul(inverse)
                            .add(0.5f)
                            .convert(VectorOperators.F2I, 0)
                            .reinterpretAsInts();
            // A code is at most 31: the largest value gives 31.5 at most.
            fifth |= first.compare(VectorOperators.GE, 16).toLong() << l;
            fifth |= second.compare(VectorOperators.GE, 16).toLong() << (16 + l);
            first.and(15)
                    .or(second.and(15).lanewise(VectorOperators.LSHL, 4))
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
