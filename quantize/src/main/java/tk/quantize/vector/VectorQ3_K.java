package tk.quantize.vector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Q3_K;
import tk.quantize.scalar.Rounding;

import java.util.Arrays;

/** {@link Q3_K} in vectors. */
final class VectorQ3_K extends BatchKernel {
    private static final int SUPER_BLOCK = 256;
    private static final int BATCH = VALUES / SUPER_BLOCK;
    private static final int BYTES = 110;
    private static final int CODES = 32;
    private static final int SCALES = 96;
    private static final int D = 108;
    private static final int N = 16;
    private static final int SUBS = 16;
    private static final int MAX = 4;

    private final Q3Lanes plain = new Q3Lanes(N, MAX);
    private final Q3Moves moves = new Q3Moves(MAX);
    private final QxLanes weighted = new QxLanes(N, MAX);
    private final QxLanes superScale = new QxLanes(SUBS, 32);
    private final Panels values = new Panels(N, VALUES / N);
    private final Panels weights = new Panels(N, VALUES / N);
    private final Panels scales = new Panels(SUBS, BATCH);
    private final Panels scaleWeights = new Panels(SUBS, BATCH);
    private final float[] flatWeights = new float[VALUES];
    private final int[] unsettled = new int[VALUES / N];
    private final float[] subWeights = new float[VALUES / N];
    private final float[] sigma2 = new float[BATCH];
    private final byte[] scaleCodes = new byte[SUBS + 8];
    private final float[] factor = new float[SUBS];
    private final byte[] codes = new byte[SUPER_BLOCK + 8];

    VectorQ3_K() {
        super(new Q3_K(), SUPER_BLOCK, BYTES);
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
            search(x, from, subs);
        } else {
            searchWeighted(x, from, count, importance, position, columns);
        }
        for (int b = 0; b < count; b++) {
            int start = from + b * SUPER_BLOCK;
            int to = at + b * BYTES;
            if (importance == null) {
                plainScales(b * SUBS, into, to);
            } else if (finite(b * SUBS)) {
                weightedScales(b, into, to);
            } else {
                int column = (position + b * SUPER_BLOCK) % columns;
                quantizeScalar(x, start, importance, column, into, to);
                continue;
            }
            requantize(x, start, b * SUBS, importance != null);
            Codes.packBits(codes, 2, into, to);
            for (int h = 0; h < 2; h++) {
                Codes.packPairs(codes, 128 * h, 0, into, to + CODES + 32 * h);
            }
        }
    }

    /** A guess for every sub-block; those that it does not settle are improved. */
    private void search(float[] x, int from, int subs) {
        for (int s = 0; s < subs; s += Panels.WIDTH) {
            plain.guess(values.memory(), values.at(s), s);
        }
        int count = 0;
        for (int s = 0; s < subs; s++) {
            unsettled[count] = s;
            count += plain.unsettled[s] != 0 ? 1 : 0;
        }
        moves.improve(x, from, unsettled, count, plain);
        plain.scales(subs);
    }

    private void searchWeighted(
            float[] x, int from, int count, float[] importance, int position, int columns) {
        ImportanceLanes.sumsOfSquares(x, from, SUPER_BLOCK, count, sigma2);
        for (int b = 0; b < count; b++) {
            int i = b * SUPER_BLOCK;
            int column = (position + i) % columns;
            float s = 2 * sigma2[b] / SUPER_BLOCK;
            ImportanceLanes.weights(
                    x, from + i, SUPER_BLOCK, s, importance, column, flatWeights, i);
        }
        weights.fill(flatWeights, 0, count * SUBS);
        weights.sums(subWeights, count * SUBS);
        for (int s = 0; s < count * SUBS; s += Lanes.COUNT) {
            weighted.search(values.memory(), weights.memory(), values.at(s), s);
        }
        scales.fill(weighted.scale, 0, count);
        scaleWeights.fill(subWeights, 0, count);
        for (int b = 0; b < count; b += Lanes.COUNT) {
            superScale.search(scales.memory(), scaleWeights.memory(), scales.at(b), b);
        }
    }

    /** Whether the search for the scales' scale was made for these. */
    private boolean finite(int sub) {
        boolean finite = true;
        for (int s = sub; s < sub + SUBS; s++) finite &= Float.isFinite(weighted.scale[s]);
        return finite;
    }

    private void plainScales(int sub, byte[] into, int at) {
        float largest = 0;
        float magnitude = 0;
        for (int s = sub; s < sub + SUBS; s++) {
            float scale = plain.scale[s];
            if (Math.abs(scale) > magnitude) {
                magnitude = Math.abs(scale);
                largest = scale;
            }
        }
        if (largest == 0) {
            Arrays.fill(into, at + SCALES, at + BYTES, (byte) 0);
            // The bytes of scale 0 read as -32.
            Arrays.fill(factor, 0f);
            return;
        }
        float inverse = -32 / largest;
        for (int j = 0; j < SUBS; j++) {
            byte code = (byte) Rounding.nearest(inverse * plain.scale[sub + j]);
            scaleCodes[j] = (byte) (32 + Math.max(-32, Math.min(31, code)));
        }
        putScales(1 / inverse, into, at);
    }

    private void weightedScales(int b, byte[] into, int at) {
        Codes.multiply(weighted.scale, b * SUBS, SUBS, superScale.inverse[b], 32, scaleCodes, 0);
        putScales(superScale.scale[b], into, at);
    }

    private void putScales(float scale, byte[] into, int at) {
        float d = LittleEndian.putF16(into, at + D, scale);
        for (int j = 0; j < SUBS; j++) factor[j] = d * (scaleCodes[j] - 32);
        Q3_K.packScales(scaleCodes, into, at + SCALES);
    }

    private void requantize(float[] x, int from, int sub, boolean weighted) {
        Codes.divide(x, from, N, SUBS, factor, MAX, codes);
        for (int j = 0; j < SUBS; j++) {
            if (factor[j] != 0) continue;
            int s = sub + j;
            if (!weighted && plain.unsettled[s] != 0) {
                for (int i = N * j; i < N * (j + 1); i++) {
                    codes[i] = (byte) (MAX + moves.codes[N * sub + i]);
                }
            } else {
                float inverse = weighted ? this.weighted.inverse[s] : plain.inverse[s];
                Codes.multiply(x, from + N * j, N, inverse, MAX, codes, N * j);
            }
        }
    }
}
