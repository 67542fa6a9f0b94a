package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import tk.quantize.FloatRows;
import tk.tensor.DType;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The kernels on the widest vectors of the machine, tokens in the lanes.
 *
 * <p>A product is made of tiles of 8 rows by 2 vectors of tokens: 16 sums that stay in registers,
 * each step of the depth loading 2 vectors of x and broadcasting 8 weights. Narrower machines have
 * 16 registers and get 4 by 2. The depth is cut into blocks so that the weights of a tile stay in
 * the first-level cache while the tokens go by; the sum of each block is added to the product,
 * which also keeps rounding errors apart.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int PAIR = 2 * LANES;
    private static final boolean WIDE = LANES >= 16;
    private static final int TILE_ROWS = WIDE ? 8 : 4;

    /**
     * Steps of the depth that are taken together: 2 vectors of 16 lanes a step are the 32 KiB of a
     * first-level cache. Measured with 128 to 560 tokens: 89 to 95 GFLOP/s of the 115 that a core
     * has, whatever the stride of x; 512 steps gave 67 to 102.
     */
    private static final int DEPTH = 256;

    @Override
    public int lanes() {
        return LANES;
    }

    @Override
    public void multiply(
            float[] w,
            int wAt,
            int wStride,
            int rows,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            int columns,
            float[] out,
            int outAt,
            int outStride) {
        if (columns == 1) {
            for (int r = 0; r < rows; r++) {
                out[outAt + r * outStride] = dot(w, wAt + r * wStride, x, xAt, depth);
            }
            return;
        }
        for (int r = 0; r < rows; r++) {
            int to = outAt + r * outStride;
            Arrays.fill(out, to, to + columns, 0);
        }
        int wholeRows = rows / TILE_ROWS * TILE_ROWS;
        int paired = columns / PAIR * PAIR;
        for (int k = 0; k < depth; k += DEPTH) {
            int count = Math.min(DEPTH, depth - k);
            for (int c = 0; c < columns; c += PAIR) {
                int from = xAt + k * xStride + c;
                boolean pair = c < paired;
                int r = 0;
                for (; r < wholeRows; r += TILE_ROWS) {
                    int row = wAt + r * wStride + k;
                    int to = outAt + r * outStride + c;
                    if (!pair) {
                        tile8x1(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    } else if (WIDE) {
                        tile8x2(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    } else {
                        tile4x2(w, row, wStride, count, x, from, xStride, out, to, outStride);
                    }
                }
                for (; r < rows; r++) {
                    int row = wAt + r * wStride + k;
                    int to = outAt + r * outStride + c;
                    tile1x1(w, row, count, x, from, xStride, out, to);
                    if (pair) tile1x1(w, row, count, x, from + LANES, xStride, out, to + LANES);
                }
            }
        }
    }

    private static void tile8x2(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        int w4 = w3 + wStride;
        int w5 = w4 + wStride;
        int w6 = w5 + wStride;
        int w7 = w6 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector b4 = a0;
        FloatVector b5 = a0;
        FloatVector b6 = a0;
        FloatVector b7 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            s = FloatVector.broadcast(SPECIES, w[w1 + k]);
            a1 = xa.fma(s, a1);
            b1 = xb.fma(s, b1);
            s = FloatVector.broadcast(SPECIES, w[w2 + k]);
            a2 = xa.fma(s, a2);
            b2 = xb.fma(s, b2);
            s = FloatVector.broadcast(SPECIES, w[w3 + k]);
            a3 = xa.fma(s, a3);
            b3 = xb.fma(s, b3);
            s = FloatVector.broadcast(SPECIES, w[w4 + k]);
            a4 = xa.fma(s, a4);
            b4 = xb.fma(s, b4);
            s = FloatVector.broadcast(SPECIES, w[w5 + k]);
            a5 = xa.fma(s, a5);
            b5 = xb.fma(s, b5);
            s = FloatVector.broadcast(SPECIES, w[w6 + k]);
            a6 = xa.fma(s, a6);
            b6 = xb.fma(s, b6);
            s = FloatVector.broadcast(SPECIES, w[w7 + k]);
            a7 = xa.fma(s, a7);
            b7 = xb.fma(s, b7);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b1.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b2.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b3.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a4.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b4.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a5.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b5.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a6.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b6.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a7.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b7.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
    }

    private static void tile4x2(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            FloatVector xb = FloatVector.fromArray(SPECIES, x, xAt + LANES);
            xAt += xStride;
            FloatVector s = FloatVector.broadcast(SPECIES, w[w0 + k]);
            a0 = xa.fma(s, a0);
            b0 = xb.fma(s, b0);
            s = FloatVector.broadcast(SPECIES, w[w1 + k]);
            a1 = xa.fma(s, a1);
            b1 = xb.fma(s, b1);
            s = FloatVector.broadcast(SPECIES, w[w2 + k]);
            a2 = xa.fma(s, a2);
            b2 = xb.fma(s, b2);
            s = FloatVector.broadcast(SPECIES, w[w3 + k]);
            a3 = xa.fma(s, a3);
            b3 = xb.fma(s, b3);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b0.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b1.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b2.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        b3.add(FloatVector.fromArray(SPECIES, out, to + LANES)).intoArray(out, to + LANES);
    }

    private static void tile8x1(
            float[] w,
            int w0,
            int wStride,
            int depth,
            float[] x,
            int xAt,
            int xStride,
            float[] out,
            int to,
            int outStride) {
        int w1 = w0 + wStride;
        int w2 = w1 + wStride;
        int w3 = w2 + wStride;
        int w4 = w3 + wStride;
        int w5 = w4 + wStride;
        int w6 = w5 + wStride;
        int w7 = w6 + wStride;
        FloatVector a0 = FloatVector.zero(SPECIES);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector a4 = a0;
        FloatVector a5 = a0;
        FloatVector a6 = a0;
        FloatVector a7 = a0;
        for (int k = 0; k < depth; k++) {
            FloatVector xa = FloatVector.fromArray(SPECIES, x, xAt);
            xAt += xStride;
            a0 = xa.fma(FloatVector.broadcast(SPECIES, w[w0 + k]), a0);
            a1 = xa.fma(FloatVector.broadcast(SPECIES, w[w1 + k]), a1);
            a2 = xa.fma(FloatVector.broadcast(SPECIES, w[w2 + k]), a2);
            a3 = xa.fma(FloatVector.broadcast(SPECIES, w[w3 + k]), a3);
            a4 = xa.fma(FloatVector.broadcast(SPECIES, w[w4 + k]), a4);
            a5 = xa.fma(FloatVector.broadcast(SPECIES, w[w5 + k]), a5);
            a6 = xa.fma(FloatVector.broadcast(SPECIES, w[w6 + k]), a6);
            a7 = xa.fma(FloatVector.broadcast(SPECIES, w[w7 + k]), a7);
        }
        a0.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a1.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a2.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a3.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a4.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a5.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a6.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
        to += outStride;
        a7.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
    }

    private static void tile1x1(
            float[] w, int wAt, int depth, float[] x, int xAt, int xStride, float[] out, int to) {
        FloatVector a = FloatVector.zero(SPECIES);
        for (int k = 0; k < depth; k++) {
            a =
                    FloatVector.fromArray(SPECIES, x, xAt + k * xStride)
                            .fma(FloatVector.broadcast(SPECIES, w[wAt + k]), a);
        }
        a.add(FloatVector.fromArray(SPECIES, out, to)).intoArray(out, to);
    }

    /** The sum of products of two runs, in as many partial sums as four vectors have lanes. */
    private static float dot(float[] a, int aAt, float[] b, int bAt, int count) {
        FloatVector s0 = FloatVector.zero(SPECIES);
        FloatVector s1 = s0;
        FloatVector s2 = s0;
        FloatVector s3 = s0;
        int i = 0;
        for (; i <= count - 4 * LANES; i += 4 * LANES) {
            int p = aAt + i;
            int q = bAt + i;
            s0 = FloatVector.fromArray(SPECIES, a, p).fma(FloatVector.fromArray(SPECIES, b, q), s0);
            s1 =
                    FloatVector.fromArray(SPECIES, a, p + LANES)
                            .fma(FloatVector.fromArray(SPECIES, b, q + LANES), s1);
            s2 =
                    FloatVector.fromArray(SPECIES, a, p + 2 * LANES)
                            .fma(FloatVector.fromArray(SPECIES, b, q + 2 * LANES), s2);
            s3 =
                    FloatVector.fromArray(SPECIES, a, p + 3 * LANES)
                            .fma(FloatVector.fromArray(SPECIES, b, q + 3 * LANES), s3);
        }
        for (; i <= count - LANES; i += LANES) {
            s0 =
                    FloatVector.fromArray(SPECIES, a, aAt + i)
                            .fma(FloatVector.fromArray(SPECIES, b, bAt + i), s0);
        }
        float sum = s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) sum += a[aAt + i] * b[bAt + i];
        return sum;
    }

    @Override
    public void widen(DType type, MemorySegment from, long at, float[] into, int count) {
        if (!VectorWidening.possible()) {
            FloatRows.widen(type, from, at, into, 0, count);
            return;
        }
        switch (type) {
            case BF16 -> VectorWidening.bf16(from, at, into, count);
            case Q8_0 -> VectorWidening.q8x0(from, at, into, count);
            case Q4_K -> VectorWidening.q4k(from, at, into, count);
            case Q5_K -> VectorWidening.q5k(from, at, into, count);
            case Q6_K -> VectorWidening.q6k(from, at, into, count);
            default -> FloatRows.widen(type, from, at, into, 0, count);
        }
    }

    @Override
    public boolean multiplyStored(
            DType type,
            MemorySegment w,
            long at,
            int rows,
            int depth,
            float[] x,
            int xAt,
            float[] out) {
        if (depth % LANES != 0 || !VectorWidening.possible()) return false;
        switch (type) {
            case F32 -> VectorDots.f32(w, at, rows, depth, x, xAt, out);
            case BF16 -> {
                for (int r = 0; r < rows; r++) {
                    out[r] = VectorDots.bf16(w, at + 2L * depth * r, x, xAt, depth);
                }
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 355 / 512f; // few bits: n times it is exact
    private static final float LN2_LOW = -2.1219444e-4f;
    private static final float LEAST = -87.33f; // below it e^x is subnormal: taken as 0
    private static final float MOST = 88.37f; // above it 2^n would overflow: taken as it
    private static final float WHOLE = 12582912f; // 1.5·2^23: adding it rounds to whole numbers

    /**
     * {@code s[i] = e^s[i]} within 2 units in the last place: {@code x = n·ln 2 + r}, Taylor's
     * polynomial of r in [-0.35, 0.35], times 2^n put together from its bits.
     *
     * <p>In one piece: a vector handed to a method that the compiler doesn't inline is boxed.
     */
    @Override
    public void exp(float[] s, int at, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector x = FloatVector.fromArray(SPECIES, s, at + i);
            VectorMask<Float> gone = x.lt(LEAST);
            x = x.max(LEAST).min(MOST);
            FloatVector shifted =
                    x.fma(
                            FloatVector.broadcast(SPECIES, LOG2_E),
                            FloatVector.broadcast(SPECIES, WHOLE)); // n in its low bits
            FloatVector n = shifted.sub(WHOLE);
            FloatVector r = n.fma(FloatVector.broadcast(SPECIES, -LN2_HIGH), x);
            r = n.fma(FloatVector.broadcast(SPECIES, -LN2_LOW), r);
            FloatVector p =
                    r.fma(
                            FloatVector.broadcast(SPECIES, 1 / 5040f),
                            FloatVector.broadcast(SPECIES, 1 / 720f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 1 / 120f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 1 / 24f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 1 / 6f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 0.5f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 1f));
            p = p.fma(r, FloatVector.broadcast(SPECIES, 1f));
            FloatVector power =
                    shifted.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHL, 23)
                            .add(0x3f800000)
                            .reinterpretAsFloats();
            p.mul(power).blend(0f, gone).intoArray(s, at + i);
        }
        for (; i < count; i++) s[at + i] = (float) Math.exp(s[at + i]);
    }
}
