package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Rounding;

import java.util.Arrays;

/**
 * What Q2_K, Q4_K and Q5_K share: super-blocks of 256 values whose sub-blocks have a scale and a
 * minimum each, {@code x ≈ d·s · q - dmin·m}.
 */
abstract class AffineLanes extends BatchKernel {
    private static final int SUPER_BLOCK = 256;
    private static final int BATCH = VALUES / SUPER_BLOCK;

    private final Layout layout;
    private final int n;
    private final int subs;
    private final QkxLanes plain;
    private final QkxLanes weighted;
    private final QpLanes superScale;

    private final Panels values;
    private final Panels weights;
    private final float[] flatWeights = new float[VALUES];
    private final float[] sigma2 = new float[BATCH];

    private final float[] d = new float[BATCH];
    private final float[] dmin = new float[BATCH];
    private final int[] scaleCodes = new int[VALUES / 16];
    private final int[] minCodes = new int[VALUES / 16];
    private final float[] factor;
    private final float[] offset;
    private final byte[] codes = new byte[SUPER_BLOCK + 8];

    /**
     * How a type's super-block is made up.
     *
     * @param bytes of a super-block
     * @param n values in a sub-block
     * @param max the largest code
     * @param scaleMax the largest code of a scale
     * @param d where the scale of the scales lies; that of the minimums follows it
     * @param sigma2 how many times the mean square of the super-block σ² is
     */
    record Layout(int bytes, int n, int max, int scaleMax, int d, int sigma2) {}

    AffineLanes(BlockKernel scalar, Layout layout, QkxLanes plain) {
        super(scalar, SUPER_BLOCK, layout.bytes);
        this.layout = layout;
        this.plain = plain;
        n = layout.n;
        subs = SUPER_BLOCK / n;
        weighted = new QkxLanes(n, layout.max, -0.9f, 0.05f, 36, false);
        superScale = new QpLanes(subs, layout.scaleMax);
        values = new Panels(n, VALUES / n);
        weights = new Panels(n, VALUES / n);
        factor = new float[subs];
        offset = new float[subs];
    }

    /** Weights, without importance, of the sub-blocks in a vector; x[at] is the first value. */
    abstract void plainWeights(float[] x, float[] weights, int at);

    /** Stores the codes of a super-block's scales. */
    abstract void packScales(int[] scales, int[] mins, int from, byte[] into, int at);

    /** Stores the codes of a super-block's values. */
    abstract void packCodes(byte[] codes, byte[] into, int at);

    @Override
    final void quantizeBatch(
            float[] x,
            int from,
            int count,
            float @Nullable [] importance,
            int position,
            int columns,
            byte[] into,
            int at) {
        values.fill(x, from, count * subs);
        QkxLanes search = importance == null ? plain : weighted;
        if (importance == null) {
            for (int s = 0; s < count * subs; s += COUNT) {
                plainWeights(values.memory(), weights.memory(), values.at(s));
            }
        } else {
            importanceWeights(x, from, count, importance, position, columns);
        }
        for (int s = 0; s < count * subs; s += Panels.WIDTH) {
            search.search(values.memory(), weights.memory(), values.at(s), s);
        }
        if (importance != null) {
            for (int b = 0; b < count; b += COUNT) weightedScales(b, Math.min(COUNT, count - b));
        }
        for (int b = 0; b < count; b++) {
            int start = from + b * SUPER_BLOCK;
            int to = at + b * layout.bytes;
            if (sound(search, b)) {
                if (importance == null) plainScales(b);
                putScales(b, into, to);
                requantize(search, x, start, b);
                packCodes(codes, into, to);
            } else {
                int column = (position + b * SUPER_BLOCK) % columns;
                quantizeScalar(x, start, importance, column, into, to);
            }
        }
    }

    private void importanceWeights(
            float[] x, int from, int count, float[] importance, int position, int columns) {
        ImportanceLanes.sumsOfSquares(x, from, SUPER_BLOCK, count, sigma2);
        for (int b = 0; b < count; b++) {
            int i = b * SUPER_BLOCK;
            int column = (position + i) % columns;
            float s = layout.sigma2 * sigma2[b] / SUPER_BLOCK;
            ImportanceLanes.weights(
                    x, from + i, SUPER_BLOCK, s, importance, column, flatWeights, i);
        }
        weights.fill(flatWeights, 0, count * subs);
    }

    /** Whether the search may be trusted: scales are real, and none is negative. */
    private boolean sound(QkxLanes search, int b) {
        boolean sound = true;
        for (int s = b * subs; s < (b + 1) * subs; s++) {
            sound &= search.sound[s] != 0 && search.scale[s] >= 0;
        }
        return sound;
    }

    private void plainScales(int b) {
        int sub = b * subs;
        float highestScale = 0;
        float highestMin = 0;
        for (int s = sub; s < sub + subs; s++) {
            if (plain.scale[s] > highestScale) highestScale = plain.scale[s];
            if (-plain.low[s] > highestMin) highestMin = -plain.low[s];
        }
        float inverseScale = highestScale > 0 ? layout.scaleMax / highestScale : 0;
        float inverseMin = highestMin > 0 ? layout.scaleMax / highestMin : 0;
        for (int s = sub; s < sub + subs; s++) {
            scaleCodes[s] = Rounding.nearest(inverseScale * plain.scale[s]);
            minCodes[s] = Rounding.nearest(inverseMin * -plain.low[s]);
        }
        d[b] = highestScale / layout.scaleMax;
        dmin[b] = highestMin / layout.scaleMax;
    }

    /** Scales of as many super-blocks as there are lanes. */
    private void weightedScales(int b, int count) {
        if (count < COUNT) {
            Arrays.fill(superScale.values, 0);
            Arrays.fill(superScale.weights, 0);
        }
        for (int k = 0; k < count; k++) {
            for (int j = 0; j < subs; j++) {
                int s = (b + k) * subs + j;
                superScale.values[j * COUNT + k] = weighted.scale[s];
                // A sum from zero on, which no -0 can be.
                superScale.weights[j * COUNT + k] = weighted.sumWeights[s] + 0f;
            }
        }
        superScale.search();
        System.arraycopy(superScale.scale, 0, d, b, count);
        superScaleCodes(b, count, scaleCodes);
        for (int k = 0; k < count; k++) {
            for (int j = 0; j < subs; j++) {
                superScale.values[j * COUNT + k] = -weighted.low[(b + k) * subs + j];
            }
        }
        superScale.search();
        System.arraycopy(superScale.scale, 0, dmin, b, count);
        superScaleCodes(b, count, minCodes);
    }

    private void superScaleCodes(int b, int count, int[] into) {
        for (int k = 0; k < count; k++) {
            for (int j = 0; j < subs; j++) {
                into[(b + k) * subs + j] = (int) superScale.codes[j * COUNT + k];
            }
        }
    }

    private void putScales(int b, byte[] into, int at) {
        float scale = LittleEndian.putF16(into, at + layout.d, d[b]);
        float min = LittleEndian.putF16(into, at + layout.d + 2, dmin[b]);
        for (int j = 0; j < subs; j++) {
            factor[j] = scale * scaleCodes[b * subs + j];
            offset[j] = min * minCodes[b * subs + j];
        }
        packScales(scaleCodes, minCodes, b * subs, into, at);
    }

    private void requantize(QkxLanes search, float[] x, int from, int b) {
        Codes.divide(x, from, n, subs, offset, factor, layout.max, codes);
        for (int j = 0; j < subs; j++) {
            if (factor[j] != 0) continue; // else the codes that the search found
            int s = b * subs + j;
            float low = search.codeLow[s];
            Codes.multiply(x, from + n * j, n, search.inverse[s], low, layout.max, codes, n * j);
        }
    }
}
