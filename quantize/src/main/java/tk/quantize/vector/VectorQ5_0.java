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
import tk.quantize.scalar.Q5_0;

/** {@link Q5_0} in vectors. */
final class VectorQ5_0 extends SymmetricBlocks {
    private static final int BYTES = 22;

    VectorQ5_0() {
        super(new Q5_0(), BYTES, 16);
    }

    @Override
    void encode(float[] x, int from, int blocks, byte[] into, int at) {
        for (int b = 0; b < blocks; b++) {
            int to = at + b * BYTES;
            LittleEndian.putU16(into, to, half[b]);
            FloatVector factor = FloatVector.broadcast(FLOATS, inverse[b]);
            long fifth = 0;
            for (int l = 0; l < 16; l += COUNT) {
                int i = from + b * BLOCK + l;
                IntVector first =
                        FloatVector.fromArray(FLOATS, x, i)
                                .mul(factor)
                                .add(16.5f)
                                .add(WHOLE)
                                .reinterpretAsInts()
                                .min(WHOLE_BITS + 63);
                IntVector second =
                        FloatVector.fromArray(FLOATS, x, i + 16)
                                .mul(factor)
                                .add(16.5f)
                                .add(WHOLE)
                                .reinterpretAsInts()
                                .min(WHOLE_BITS + 63);
                fifth |= first.compare(VectorOperators.GE, WHOLE_BITS + 32).toLong() << l;
                fifth |= second.compare(VectorOperators.GE, WHOLE_BITS + 32).toLong() << (16 + l);
                first.lanewise(VectorOperators.LSHR, 1)
                        .and(0x0f)
                        .or(second.lanewise(VectorOperators.LSHL, 3).and(0xf0))
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(into, to + 6 + l);
            }
            LittleEndian.putI32(into, to + 2, (int) fifth);
        }
    }

    @Override
    void pack(byte[] codes, byte[] into, int at) {
        Codes.packFifths(codes, into, at);
    }
}
