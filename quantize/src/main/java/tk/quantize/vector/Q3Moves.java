package tk.quantize.vector;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.MAGIC_BITS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The sweeps of {@link tk.quantize.scalar.Q3Search} over the few sub-blocks of 16 values whose
 * first guess they change.
 *
 * <p>As long as no code moves, the sums stay as they are, and values need not wait for each other:
 * all of a sub-block are asked at once, the first that moves is moved, and it is asked again from
 * there on. Sub-blocks take turns, each asked once a round, so that the processor may work on
 * several of them at a time.
 */
final class Q3Moves {
    private static final int N = 16;
    private static final int SWEEPS = 5;

    private final int max;

    /** The codes, less {@code max}, of sub-block {@code s} from {@code N * s} on; then a spare. */
    final float[] codes = new float[BatchKernel.VALUES + 1];

    /** Where in its sweeps each sub-block is: values passed, {@code N} a sweep. */
    private final int[] passed = new int[BatchKernel.VALUES / N];

    /** For each value of a sub-block what moving it would give; then what moving none would. */
    private final float[] movedLx = new float[N + 1];

    private final float[] movedL2 = new float[N + 1];
    private final float[] movedCode = new float[N + 1];

    /** Sweeps for codes around {@code max}. */
    Q3Moves(int max) {
        this.max = max;
    }

    /**
     * Moves codes as far as they go.
     *
     * @param subs the sub-blocks, whose order is lost
     * @param guess what it found for them; receives the sums
     */
    void improve(float[] x, int from, int[] subs, int count, Q3Lanes guess) {
        for (int k = 0; k < count; k++) {
            passed[subs[k]] = 0;
            encode(x, from + N * subs[k], guess.inverse[subs[k]], N * subs[k]);
        }
        int moving = count;
        while (moving > 0) moving = round(x, from, subs, moving, guess.sumLx, guess.sumL2);
    }

    private void encode(float[] x, int from, float inverse, int to) {
        for (int i = 0; i < N; i += COUNT) {
            FloatVector.fromArray(FLOATS, x, from + i)
                    .mul(inverse)
                    .add(MAGIC)
                    .reinterpretAsInts()
                    .max(MAGIC_BITS - max)
                    .min(MAGIC_BITS + max - 1)
                    .reinterpretAsFloats()
                    .sub(MAGIC)
                    .intoArray(codes, to + i);
        }
    }

    /** At most one move of each sub-block; those that moved come first in the list then. */
    private int round(float[] xs, int from, int[] subs, int count, float[] sumLx, float[] sumL2) {
        int moving = 0;
        for (int k = 0; k < count; k++) {
            int s = subs[k];
            FloatVector lx = FloatVector.broadcast(FLOATS, sumLx[s]);
            FloatVector l2 = FloatVector.broadcast(FLOATS, sumL2[s]);
            int movable = 0;
            for (int i = 0; i < N; i += COUNT) {
                FloatVector x = FloatVector.fromArray(FLOATS, xs, from + N * s + i);
                FloatVector code = FloatVector.fromArray(FLOATS, codes, N * s + i);
                FloatVector w = x.mul(x);
                FloatVector wx = w.mul(x);
                FloatVector restLx = lx.sub(wx.mul(code));
                FloatVector restL2 = l2.sub(w.mul(code).mul(code));
                VectorMask<Float> moves = restLx.compare(VectorOperators.GT, 0f);
                FloatVector better =
                        x.mul(restL2)
                                .div(restLx)
                                .add(MAGIC)
                                .reinterpretAsInts()
                                .and(0x7fffff)
                                .or(0x4b000000)
                                .max(MAGIC_BITS - max)
                                .min(MAGIC_BITS + max - 1)
                                .reinterpretAsFloats()
                                .sub(MAGIC);
                moves = moves.andNot(better.eq(code));
                restLx = restLx.add(wx.mul(better));
                restL2 = restL2.add(w.mul(better).mul(better));
                moves = moves.and(restL2.compare(VectorOperators.GT, 0f));
                moves = moves.and(lx.mul(lx).mul(restL2).lt(restLx.mul(restLx).mul(l2)));
                better.intoArray(movedCode, i);
                restLx.intoArray(movedLx, i);
                restL2.intoArray(movedL2, i);
                movable |= (int) moves.toLong() << i;
            }
            movedLx[N] = sumLx[s];
            movedL2[N] = sumL2[s];
            // Where nothing ahead in this sweep moves, the next one begins with the same sums.
            int ahead = (movable | (movable << N)) >>> (passed[s] % N);
            int next = passed[s] + Integer.numberOfTrailingZeros(ahead);
            boolean moves = movable != 0 && next < SWEEPS * N;
            int moved = moves ? next % N : N;
            sumLx[s] = movedLx[moved];
            sumL2[s] = movedL2[moved];
            codes[moves ? N * s + moved : BatchKernel.VALUES] = movedCode[moved];
            passed[s] = next + 1;
            subs[moving] = s;
            moving += moves ? 1 : 0;
        }
        return moving;
    }
}
