package tk.quantize.vector;

import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;

import tk.quantize.scalar.Q2_K;

/** {@link Q2_K} in vectors. */
final class VectorQ2_K extends AffineLanes {
    private static final int N = 16;
    private static final int CODES = 16;

    VectorQ2_K() {
        super(
                new Q2_K(),
                new Layout(84, N, 3, 15, 80, 1),
                new QkxLanes(N, 3, -0.5f, 0.1f, 15, true));
    }

    @Override
    void plainWeights(float[] x, float[] weights, int at) {
        for (int i = at; i < at + N * WIDTH; i += WIDTH) {
            FloatVector.fromArray(FLOATS, x, i).abs().intoArray(weights, i);
        }
    }

    @Override
    void packScales(int[] scales, int[] mins, int from, byte[] into, int at) {
        for (int j = 0; j < 16; j++) {
            into[at + j] = (byte) (scales[from + j] | mins[from + j] << 4);
        }
    }

    @Override
    void packCodes(byte[] codes, byte[] into, int at) {
        for (int h = 0; h < 2; h++) Codes.packPairs(codes, 128 * h, 0, into, at + CODES + 32 * h);
    }
}
