package tk.quantize.vector;

import org.jspecify.annotations.Nullable;

import tk.quantize.scalar.BlockKernel;
import tk.quantize.scalar.Iq4Search;

/** What IQ4_NL and IQ4_XS share: the search for the scale of each 32 values. */
abstract class Iq4Blocks extends BatchKernel {
    private static final int N = Iq4Search.VALUES;

    private final int blockValues;
    private final int blockBytes;
    private final Iq4Lanes search = new Iq4Lanes();
    private final Panels values = new Panels(N, VALUES / N);
    private final Panels weights = new Panels(N, VALUES / N);
    private final float[] flatWeights = new float[VALUES];
    private final float[] sigma2 = new float[VALUES / N];

    Iq4Blocks(BlockKernel scalar, int blockValues, int blockBytes) {
        super(scalar, blockValues, blockBytes);
        this.blockValues = blockValues;
        this.blockBytes = blockBytes;
    }

    /** Makes a block of values from the scales found, from index {@code sub} on. */
    abstract void finish(float[] x, int from, float[] scales, int sub, byte[] into, int at);

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
        int subs = count * blockValues / N;
        values.fill(x, from, subs);
        if (importance == null) {
            values.squares(weights, subs);
        } else {
            ImportanceLanes.sumsOfSquares(x, from, blockValues, count, sigma2);
            for (int b = 0; b < count; b++) {
                int i = b * blockValues;
                int column = (position + i) % columns;
                float s = sigma2[b] * (2f / blockValues);
                ImportanceLanes.weights(
                        x, from + i, blockValues, s, importance, column, flatWeights, i);
            }
            weights.fill(flatWeights, 0, subs);
        }
        for (int s = 0; s < subs; s += Panels.WIDTH) {
            search.search(values.memory(), weights.memory(), values.at(s), s);
        }
        for (int b = 0; b < count; b++) {
            int sub = b * blockValues / N;
            finish(x, from + b * blockValues, search.scale, sub, into, at + b * blockBytes);
        }
    }
}
