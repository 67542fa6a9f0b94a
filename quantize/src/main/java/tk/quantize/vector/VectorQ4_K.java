package tk.quantize.vector;

import tk.quantize.scalar.Q4_K;

/** {@link Q4_K} in vectors. */
final class VectorQ4_K extends SixBitLanes {
    private static final int CODES = 16;

    VectorQ4_K() {
        super(new Q4_K(), 144, 15, new QkxLanes(32, 15, -1, 0.1f, 20, false));
    }

    @Override
    void packCodes(byte[] codes, byte[] into, int at) {
        for (int g = 0; g < 4; g++) {
            Codes.packNibbles(codes, 64 * g, 64 * g + 32, into, at + CODES + 32 * g);
        }
    }
}
