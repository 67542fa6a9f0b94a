package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

import tk.quantize.FloatRows;
import tk.tensor.DType;

import java.lang.foreign.MemorySegment;

/**
 * The kernels on the widest vectors of the machine: which of them does what, and the exponential.
 */
final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();

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
                out[outAt + r * outStride] = VectorDots.f32(w, wAt + r * wStride, x, xAt, depth);
            }
            return;
        }
        VectorTiles.multiply(
                w, wAt, wStride, rows, depth, x, xAt, xStride, columns, out, outAt, outStride);
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
        long row = type.byteSize(depth);
        for (int r = 0; r < rows; r++, at += row) {
            switch (type) {
                case F32 -> out[r] = VectorDots.f32(w, at, x, xAt, depth);
                case BF16 -> out[r] = VectorDots.bf16(w, at, x, xAt, depth);
                case Q4_0 -> out[r] = VectorBlockDots.q4x0(w, at, x, xAt, depth);
                case Q8_0 -> out[r] = VectorBlockDots.q8x0(w, at, x, xAt, depth);
                case Q4_K -> out[r] = VectorBlockDots.q4k(w, at, x, xAt, depth);
                case Q5_K -> out[r] = VectorBlockDots.q5k(w, at, x, xAt, depth);
                case Q6_K -> out[r] = VectorBlockDots.q6k(w, at, x, xAt, depth);
                default -> {
                    return false;
                }
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
