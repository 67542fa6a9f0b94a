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
import tk.quantize.scalar.Q4_0;

/** {@link Q4_0} in vectors. */
final class VectorQ4_0 extends SymmetricBlocks {
    private static final int BYTES = 18;

    VectorQ4_0() {
        super(new Q4_0(), BYTES, 8);
    }

    @Override
    void encode(float[] x, int from, int blocks, byte[] into, int at) {
        for (int b = 0; b < blocks; b++) {
            int to = at + b * BYTES;
            LittleEndian.putU16(into, to, half[b]);
            FloatVector factor = FloatVector.broadcast(FLOATS, inverse[b]);
            for (int l = 0; l < 16; l += COUNT) {
                int i = from + b * BLOCK + l;
                IntVector first =
                        FloatVector.fromArray(FLOATS, x, i)
                                .mul(factor)
                                .add(8.5f)
                                .add(WHOLE)
                                .reinterpretAsInts()
                                .min(WHOLE_BITS + 31);
                IntVector second =
                        FloatVector.fromArray(FLOATS, x, i + 16)
                                .mul(factor)
                                .add(8.5f)
                                .add(WHOLE)
                                .reinterpretAsInts()
                                .min(WHOLE_BITS + 31);
                first.lanewise(VectorOperators.LSHR, 1)
                        .or(second.lanewise(VectorOperators.LSHL, 3).and(0xf0))
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(into, to + 2 + l);
            }
        }
    }

    @Override
    void pack(byte[] codes, byte[] into, int at) {
        Codes.packHalves(codes, 0, into, at);
    }
}
