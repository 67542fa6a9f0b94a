package tk.quantize.vector;

import tk.quantize.scalar.Q5_K;

/** {@link Q5_K} in vectors. */
final class VectorQ5_K extends SixBitLanes {
    private static final int HIGH = 16;
    private static final int LOW = 48;

    VectorQ5_K() {
        super(new Q5_K(), 176, 31, new QkxLanes(32, 31, -0.5f, 0.1f, 15, false));
    }

    @Override
    void packCodes(byte[] codes, byte[] into, int at) {
        Codes.packBits(codes, 4, into, at + HIGH);
        for (int g = 0; g < 4; g++) {
            Codes.packNibbles(codes, 64 * g, 64 * g + 32, into, at + LOW + 32 * g);
        }
    }
}
