package tk.quantize.vector;

import tk.quantize.scalar.IQ4_XS;
import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Rounding;

/** {@link IQ4_XS} in vectors. */
final class VectorIQ4_XS extends Iq4Blocks {
    private static final int SUBS = 8;
    private static final int HIGH = 2;
    private static final int LOW = 4;
    private static final int CODES = 8;

    private final byte[] codes = new byte[32 + 8];

    VectorIQ4_XS() {
        super(new IQ4_XS(), 256, 136);
    }

    @Override
    void finish(float[] x, int from, float[] scales, int sub, byte[] into, int at) {
        float largest = 0;
        float magnitude = 0;
        for (int s = sub; s < sub + SUBS; s++) {
            if (Math.abs(scales[s]) > magnitude) {
                magnitude = Math.abs(scales[s]);
                largest = scales[s];
            }
        }
        float d = -largest / 32;
        LittleEndian.putF16(into, at, d);
        float inverse = d != 0 ? 1 / d : 0;
        int high = 0;
        int low = 0;
        for (int j = 0; j < SUBS; j++) {
            int s = Rounding.nearest(inverse * scales[sub + j], -32, 31);
            float scale = d * s;
            Iq4Lanes.encode(x, from + 32 * j, scale != 0 ? 1 / scale : 0, codes, 0);
            Codes.packHalves(codes, 0, into, at + CODES + 16 * j);
            high |= (s + 32) >> 4 << (2 * j);
            low |= (s + 32 & 15) << (4 * j);
        }
        LittleEndian.putU16(into, at + HIGH, high);
        LittleEndian.putI32(into, at + LOW, low);
    }
}
