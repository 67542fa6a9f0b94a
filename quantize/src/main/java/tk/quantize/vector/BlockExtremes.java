package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Extremes of blocks of 32 values, for as many blocks at once as there are lanes: pairs of vectors
 * are folded into one, half of whose lanes are of the first, until every block has one lane. A
 * block by itself would end in steps that wait for each other.
 *
 * <p>Floats are compared as integers of the same order.
 */
final class BlockExtremes {
    static final int BLOCK = 32;
    private static final int MAGNITUDE = 0x7fffffff;

    private final int[] folded = new int[BatchKernel.VALUES / BLOCK / 4 * COUNT];
    private final int[] largest = new int[BatchKernel.VALUES / BLOCK];

    /** Bits of the largest magnitude of each of {@code blocks} blocks, a multiple of the lanes. */
    void magnitudes(float[] x, int from, int blocks, int[] into) {
        for (int b = 0; b < blocks; b += 4) foldMagnitudes(x, from + b * BLOCK, b / 4 * COUNT);
        gather(blocks, into);
    }

    /** The lowest and the highest value of each; which zero, of two signs, is not said. */
    void ranges(float[] x, int from, int blocks, float[] low, float[] high) {
        for (int b = 0; b < blocks; b += 4) foldOrders(x, from + b * BLOCK, b / 4 * COUNT, 0);
        gather(blocks, largest);
        for (int b = 0; b < blocks; b++) high[b] = ordered(largest[b]);
        for (int b = 0; b < blocks; b += 4) foldOrders(x, from + b * BLOCK, b / 4 * COUNT, -1);
        gather(blocks, largest);
        for (int b = 0; b < blocks; b++) low[b] = ordered(~largest[b]);
    }

    private static float ordered(int key) {
        return Float.intBitsToFloat(key ^ ((key >> 31) & MAGNITUDE));
    }

    /** The vectors of four blocks become one. */
    private void foldMagnitudes(float[] x, int from, int at) {
        IntVector upper1 = IntVector.fromArray(INTS, Panels.UPPER[1], 0);
        IntVector lower1 = IntVector.fromArray(INTS, Panels.LOWER[1], 0);
        IntVector upper2 = IntVector.fromArray(INTS, Panels.UPPER[2], 0);
        IntVector lower2 = IntVector.fromArray(INTS, Panels.LOWER[2], 0);
        IntVector a = IntVector.zero(INTS);
        IntVector b = IntVector.zero(INTS);
        IntVector c = IntVector.zero(INTS);
        IntVector d = IntVector.zero(INTS);
        for (int i = from; i < from + BLOCK; i += COUNT) {
            FloatVector va = FloatVector.fromArray(FLOATS, x, i);
            FloatVector vb = FloatVector.fromArray(FLOATS, x, i + BLOCK);
            FloatVector vc = FloatVector.fromArray(FLOATS, x, i + 2 * BLOCK);
            FloatVector vd = FloatVector.fromArray(FLOATS, x, i + 3 * BLOCK);
            a = a.max(va.reinterpretAsInts().and(MAGNITUDE));
            b = b.max(vb.reinterpretAsInts().and(MAGNITUDE));
            c = c.max(vc.reinterpretAsInts().and(MAGNITUDE));
            d = d.max(vd.reinterpretAsInts().and(MAGNITUDE));
        }
        a = upper1.selectFrom(a, b).max(lower1.selectFrom(a, b));
        c = upper1.selectFrom(c, d).max(lower1.selectFrom(c, d));
        upper2.selectFrom(a, c).max(lower2.selectFrom(a, c)).intoArray(folded, at);
    }

    /** As {@link #foldMagnitudes}, of values in their order, or turned round where flip is -1. */
    private void foldOrders(float[] x, int from, int at, int flip) {
        IntVector upper1 = IntVector.fromArray(INTS, Panels.UPPER[1], 0);
        IntVector lower1 = IntVector.fromArray(INTS, Panels.LOWER[1], 0);
        IntVector upper2 = IntVector.fromArray(INTS, Panels.UPPER[2], 0);
        IntVector lower2 = IntVector.fromArray(INTS, Panels.LOWER[2], 0);
        IntVector a = IntVector.broadcast(INTS, Integer.MIN_VALUE);
        IntVector b = a;
        IntVector c = a;
        IntVector d = a;
        for (int i = from; i < from + BLOCK; i += COUNT) {
            IntVector va = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
            IntVector vb = FloatVector.fromArray(FLOATS, x, i + BLOCK).reinterpretAsInts();
            IntVector vc = FloatVector.fromArray(FLOATS, x, i + 2 * BLOCK).reinterpretAsInts();
            IntVector vd = FloatVector.fromArray(FLOATS, x, i + 3 * BLOCK).reinterpretAsInts();
            IntVector sa = va.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
            IntVector sb = vb.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
            IntVector sc = vc.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
            IntVector sd = vd.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
            a = a.max(va.lanewise(VectorOperators.XOR, sa).lanewise(VectorOperators.XOR, flip));
            b = b.max(vb.lanewise(VectorOperators.XOR, sb).lanewise(VectorOperators.XOR, flip));
            c = c.max(vc.lanewise(VectorOperators.XOR, sc).lanewise(VectorOperators.XOR, flip));
            d = d.max(vd.lanewise(VectorOperators.XOR, sd).lanewise(VectorOperators.XOR, flip));
        }
        a = upper1.selectFrom(a, b).max(lower1.selectFrom(a, b));
        c = upper1.selectFrom(c, d).max(lower1.selectFrom(c, d));
        upper2.selectFrom(a, c).max(lower2.selectFrom(a, c)).intoArray(folded, at);
    }

    /** What four, eight or sixteen blocks were folded into becomes a lane each. */
    private void gather(int blocks, int[] into) {
        for (int b = 0; b < blocks; b += COUNT) {
            int at = b / 4 * COUNT;
            IntVector a = IntVector.fromArray(INTS, folded, at);
            if (COUNT >= 8) {
                IntVector upper = IntVector.fromArray(INTS, Panels.UPPER[4], 0);
                IntVector lower = IntVector.fromArray(INTS, Panels.LOWER[4], 0);
                IntVector n = IntVector.fromArray(INTS, folded, at + COUNT);
                a = upper.selectFrom(a, n).max(lower.selectFrom(a, n));
                if (COUNT == 16) {
                    IntVector c = IntVector.fromArray(INTS, folded, at + 2 * COUNT);
                    IntVector d = IntVector.fromArray(INTS, folded, at + 3 * COUNT);
                    c = upper.selectFrom(c, d).max(lower.selectFrom(c, d));
                    upper = IntVector.fromArray(INTS, Panels.UPPER[8], 0);
                    lower = IntVector.fromArray(INTS, Panels.LOWER[8], 0);
                    a = upper.selectFrom(a, c).max(lower.selectFrom(a, c));
                }
            }
            a.intoArray(into, b);
        }
    }
}
