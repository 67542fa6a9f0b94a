package tk.quantize.vector;

import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Panels.WIDTH;

import jdk.incubator.vector.FloatVector;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.SixBitScales;

/** What Q4_K and Q5_K share: eight sub-blocks of 32, scales of six bits. */
abstract class SixBitLanes extends AffineLanes {
    private static final int N = 32;

    SixBitLanes(BlockKernel scalar, int bytes, int max, QkxLanes plain) {
        super(scalar, new Layout(bytes, N, max, 63, 0, 2), plain);
    }

    @Override
    final void plainWeights(float[] x, float[] weights, int at) {
        FloatVector sum = FloatVector.zero(FLOATS);
        for (int i = at; i < at + N * WIDTH; i += WIDTH) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            sum = sum.add(v.mul(v));
        }
        FloatVector mean = sum.div(N).sqrt();
        for (int i = at; i < at + N * WIDTH; i += WIDTH) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, i);
            mean.add(v.abs()).intoArray(weights, i);
        }
    }

    @Override
    final void packScales(int[] scales, int[] mins, int from, byte[] into, int at) {
        SixBitScales.pack(scales, mins, from, into, at + 4);
    }
}
