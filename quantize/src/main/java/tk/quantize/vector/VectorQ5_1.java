package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;
import static tk.quantize.vector.Lanes.WHOLE;
import static tk.quantize.vector.Lanes.WHOLE_BITS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q5_1;

/** {@link Q5_1} in vectors. */
final class VectorQ5_1 extends AffineBlocks {
    private static final int BYTES = 24;

    VectorQ5_1() {
        super(new Q5_1(), BYTES, 31);
    }

    @Override
    void encode(float[] x, int from, int blocks, byte[] into, int at) {
        for (int b = 0; b < blocks; b++) {
            int to = at + b * BYTES;
            LittleEndian.putU16(into, to, half[b]);
            LittleEndian.putU16(into, to + 2, halfLow[b]);
            FloatVector lowest = FloatVector.broadcast(FLOATS, low[b]);
            FloatVector factor = FloatVector.broadcast(FLOATS, inverse[b]);
            long fifth = 0;
            for (int l = 0; l < 16; l += COUNT) {
                int i = from + b * BLOCK + l;
                IntVector first =
                        FloatVector.fromArray(FLOATS, x, i)
                                .sub(lowest)
                                .mul(factor)
                                .add(0.5f)
                                .add(WHOLE)
                                .reinterpretAsInts();
                IntVector second =
                        FloatVector.fromArray(FLOATS, x, i + 16)
                                .sub(lowest)
                                .mul(factor)
                                .add(0.5f)
                                .add(WHOLE)
                                .reinterpretAsInts();
                // A code is at most 31: the largest value gives 31.5 at most.
                fifth |= first.compare(VectorOperators.GE, WHOLE_BITS + 32).toLong() << l;
                fifth |= second.compare(VectorOperators.GE, WHOLE_BITS + 32).toLong() << (16 + l);
                first.lanewise(VectorOperators.LSHR, 1)
                        .and(0x0f)
                        .or(second.lanewise(VectorOperators.LSHL, 3).and(0xf0))
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(into, to + 8 + l);
            }
            LittleEndian.putI32(into, to + 4, (int) fifth);
        }
    }

    @Override
    void pack(byte[] codes, byte[] into, int at) {
        Codes.packFifths(codes, into, at);
    }
}
