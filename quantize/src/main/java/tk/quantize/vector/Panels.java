package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

import java.util.Arrays;

/**
 * Sub-blocks laid out so that each has a lane: a <em>panel</em> is {@link #WIDTH} of them, two
 * vectors wide, value by value. Value {@code l} of sub-block {@code s} is float {@code l * WIDTH +
 * s} of its panel.
 */
final class Panels {
    /** Sub-blocks of a panel: two vectors, so that one computes while the other waits. */
    static final int WIDTH = 2 * COUNT;

    /**
     * Of two vectors, the lanes without bit {@code h}: the first's in place, the second's moved.
     */
    static final int[][] UPPER = new int[32][];

    /** Of two vectors, the lanes with bit {@code h}: the first's moved, the second's in place. */
    static final int[][] LOWER = new int[32][];

    static {
        for (int h = 1; h < COUNT; h *= 2) {
            UPPER[h] = new int[COUNT];
            LOWER[h] = new int[COUNT];
            for (int j = 0; j < COUNT; j++) {
                boolean own = (j & h) == 0;
                UPPER[h][j] = own ? j : COUNT + j - h;
                LOWER[h][j] = own ? j + h : COUNT + j;
            }
        }
    }

    private final int n;
    private final float[] memory;
    private final float[] rest;

    /** Memory for at least {@code subBlocks} sub-blocks of {@code n} values, 16 or 32. */
    Panels(int n, int subBlocks) {
        this.n = n;
        int panels = (subBlocks + WIDTH - 1) / WIDTH;
        memory = new float[panels * n * WIDTH];
        rest = new float[COUNT * n];
    }

    /** The panels, one after another. */
    float[] memory() {
        return memory;
    }

    /** Where the first value of a sub-block lies in {@link #memory}. */
    int at(int subBlock) {
        return subBlock / WIDTH * n * WIDTH + subBlock % WIDTH;
    }

    /** Where the panels of so many sub-blocks end. */
    int end(int subBlocks) {
        return (subBlocks + WIDTH - 1) / WIDTH * n * WIDTH;
    }

    /**
     * Lays out {@code subBlocks} sub-blocks that follow each other in {@code x}. What is left of
     * the last panel becomes zero.
     */
    void fill(float[] x, int from, int subBlocks) {
        int end = (subBlocks + WIDTH - 1) / WIDTH * WIDTH;
        for (int s = 0; s < end; s += COUNT) {
            int at = at(s);
            if (s + COUNT <= subBlocks) {
                transpose(x, from + s * n, at);
            } else {
                int live = Math.max(0, subBlocks - s) * n;
                if (live > 0) System.arraycopy(x, from + s * n, rest, 0, live);
                Arrays.fill(rest, live, rest.length, 0);
                transpose(rest, 0, at);
            }
        }
    }

    /** Squares of the values, as weights: no importance is like an importance of x². */
    void squares(Panels into, int subBlocks) {
        float[] squares = into.memory;
        for (int i = 0; i < end(subBlocks); i += COUNT) {
            FloatVector x = FloatVector.fromArray(FLOATS, memory, i);
            x.mul(x).intoArray(squares, i);
        }
    }

    /** The sum of each sub-block, from left to right. */
    void sums(float[] sums, int subBlocks) {
        for (int s = 0; s < subBlocks; s += COUNT) {
            FloatVector sum = FloatVector.zero(FLOATS);
            for (int i = at(s); i < at(s) + n * WIDTH; i += WIDTH) {
                sum = sum.add(FloatVector.fromArray(FLOATS, memory, i));
            }
            sum.intoArray(sums, s);
        }
    }

    /** A vector's sub-blocks, a square at a time. */
    private void transpose(float[] x, int from, int at) {
        for (int l = 0; l < n; l += COUNT) {
            int square = at + l * WIDTH;
            for (int s = 0; s < COUNT / 4; s++) {
                quad(x, from + l + s * n, n * COUNT / 4, square + s * WIDTH, COUNT / 4);
            }
            if (COUNT == 8) {
                for (int s = 0; s < COUNT; s += 2) pair(square + s * WIDTH);
            } else if (COUNT == 16) {
                for (int s = 0; s < COUNT; s += 4) {
                    quad(memory, square + s * WIDTH, WIDTH, square + s * WIDTH, 1);
                }
            }
        }
    }

    /**
     * Two of the steps of a transposition, which swap the halves that lie {@code 2h} and then
     * {@code h} apart, for the four rows they connect.
     */
    private void quad(float[] from, int i, int rowStride, int at, int h) {
        IntVector upper = IntVector.fromArray(INTS, UPPER[2 * h], 0);
        IntVector lower = IntVector.fromArray(INTS, LOWER[2 * h], 0);
        IntVector a = FloatVector.fromArray(FLOATS, from, i).reinterpretAsInts();
        IntVector b = FloatVector.fromArray(FLOATS, from, i + rowStride).reinterpretAsInts();
        IntVector c = FloatVector.fromArray(FLOATS, from, i + 2 * rowStride).reinterpretAsInts();
        IntVector d = FloatVector.fromArray(FLOATS, from, i + 3 * rowStride).reinterpretAsInts();
        IntVector ac = upper.selectFrom(a, c);
        IntVector ca = lower.selectFrom(a, c);
        IntVector bd = upper.selectFrom(b, d);
        IntVector db = lower.selectFrom(b, d);
        upper = IntVector.fromArray(INTS, UPPER[h], 0);
        lower = IntVector.fromArray(INTS, LOWER[h], 0);
        int step = h * WIDTH;
        upper.selectFrom(ac, bd).reinterpretAsFloats().intoArray(memory, at);
        lower.selectFrom(ac, bd).reinterpretAsFloats().intoArray(memory, at + step);
        upper.selectFrom(ca, db).reinterpretAsFloats().intoArray(memory, at + 2 * step);
        lower.selectFrom(ca, db).reinterpretAsFloats().intoArray(memory, at + 3 * step);
    }

    /** The last step, for two rows that follow each other. */
    private void pair(int at) {
        IntVector upper = IntVector.fromArray(INTS, UPPER[1], 0);
        IntVector lower = IntVector.fromArray(INTS, LOWER[1], 0);
        IntVector a = FloatVector.fromArray(FLOATS, memory, at).reinterpretAsInts();
        IntVector b = FloatVector.fromArray(FLOATS, memory, at + WIDTH).reinterpretAsInts();
        upper.selectFrom(a, b).reinterpretAsFloats().intoArray(memory, at);
        lower.selectFrom(a, b).reinterpretAsFloats().intoArray(memory, at + WIDTH);
    }
}
