package tk.quantize.vector;

import tk.quantize.scalar.IQ4_NL;
import tk.quantize.scalar.LittleEndian;

/** {@link IQ4_NL} in vectors. */
final class VectorIQ4_NL extends Iq4Blocks {
    private static final int CODES = 2;

    private final byte[] codes = new byte[32 + 8];

    VectorIQ4_NL() {
        super(new IQ4_NL(), 32, 18);
    }

    @Override
    void finish(float[] x, int from, float[] scales, int sub, byte[] into, int at) {
        float d = scales[sub];
        LittleEndian.putF16(into, at, d);
        Iq4Lanes.encode(x, from, d != 0 ? 1 / d : 0, codes, 0);
        Codes.packHalves(codes, 0, into, at + CODES);
    }
}
