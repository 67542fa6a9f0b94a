package tk.quantize.vector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q6_K;
import tk.quantize.scalar.QxSearch;
import tk.quantize.scalar.Rounding;

import java.util.Arrays;

/** {@link Q6_K} in vectors. */
final class VectorQ6_K extends BatchKernel {
    private static final int SUPER_BLOCK = 256;
    private static final int BYTES = 210;
    private static final int HIGH = 128;
    private static final int SCALES = 192;
    private static final int D = 208;
    private static final int N = 16;
    private static final int SUBS = 16;
    private static final int MAX = 32;

    private final QxLanes search = new QxLanes(N, MAX);
    private final Panels values = new Panels(N, VALUES / N);
    private final Panels weights = new Panels(N, VALUES / N);
    private final float[] flatWeights = new float[VALUES];
    private final float[] factor = new float[SUBS];
    private final byte[] codes = new byte[SUPER_BLOCK + 8];

    VectorQ6_K() {
        super(new Q6_K(), SUPER_BLOCK, BYTES);
    }

    @Override
    void quantizeBatch(
            float[] x,
            int from,
            int count,
            float @Nullable [] importance,
            int position,
            int columns,
            byte[] into,
            int at) {
        int subs = count * SUBS;
        values.fill(x, from, subs);
        if (importance == null) {
            values.squares(weights, subs);
        } else {
            for (int b = 0; b < count; b++) {
                int i = b * SUPER_BLOCK;
                int column = (position + i) % columns;
                System.arraycopy(importance, column, flatWeights, i, SUPER_BLOCK);
            }
            weights.fill(flatWeights, 0, subs);
        }
        for (int s = 0; s < subs; s += Lanes.COUNT) {
            search.search(values.memory(), weights.memory(), values.at(s), s);
        }
        for (int b = 0; b < count; b++) {
            finish(x, from + b * SUPER_BLOCK, b * SUBS, into, at + b * BYTES);
        }
    }

    void finish(float[] x, int from, int sub, byte[] into, int at) {
        float largest = 0;
        float magnitude = 0;
        for (int s = sub; s < sub + SUBS; s++) {
            float scale = search.scale[s];
            if (Math.abs(scale) > magnitude) {
                magnitude = Math.abs(scale);
                largest = scale;
            }
        }
        if (magnitude < QxSearch.EPSILON) {
            Arrays.fill(into, at, at + BYTES, (byte) 0);
            return;
        }
        float inverse = -128 / largest;
        float d = LittleEndian.putF16(into, at + D, 1 / inverse);
        for (int j = 0; j < SUBS; j++) {
            byte code = (byte) Math.min(127, Rounding.nearest(inverse * search.scale[sub + j]));
            into[at + SCALES + j] = code;
            factor[j] = d * code;
        }
        Codes.divide(x, from, N, SUBS, factor, MAX, codes);
        for (int j = 0; j < SUBS; j++) {
            if (factor[j] == 0) {
                Codes.multiply(x, from + N * j, N, search.inverse[sub + j], MAX, codes, N * j);
            }
        }
        pack(codes, into, at);
    }

    static void pack(byte[] codes, byte[] into, int at) {
        for (int h = 0; h < 2; h++) {
            int first = 128 * h;
            Codes.packNibbles(codes, first, first + 64, into, at + 64 * h);
            Codes.packNibbles(codes, first + 32, first + 96, into, at + 64 * h + 32);
            Codes.packPairs(codes, first, 4, into, at + HIGH + 32 * h);
        }
    }
}
