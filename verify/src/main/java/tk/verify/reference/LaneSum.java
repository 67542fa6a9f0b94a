package tk.verify.reference;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The sum of a vector's lanes in one order, whoever runs it. {@code reduceLanes(ADD)} leaves the
 * order open, and the interpreter takes another one than compiled code: a logit's last bits would
 * then tell when in the run the compiler came by.
 */
final class LaneSum {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    private static final VectorShuffle<Float> ACROSS_32 = across(32);
    private static final VectorShuffle<Float> ACROSS_16 = across(16);
    private static final VectorShuffle<Float> ACROSS_8 = across(8);
    private static final VectorShuffle<Float> ACROSS_4 = across(4);
    private static final VectorShuffle<Float> ACROSS_2 = across(2);
    private static final VectorShuffle<Float> ACROSS_1 = across(1);

    private LaneSum() {}

    /**
     * Halves added to each other until one lane is left: lane {@code i} to lane {@code i + n/2},
     * those to {@code i + n/4}, and so on.
     *
     * @param v a vector of the preferred species
     */
    static float of(FloatVector v) {
        // Named constants, no loop over an array: only then is each shuffle one instruction.
        if (LANES > 32) v = v.add(v.rearrange(ACROSS_32));
        if (LANES > 16) v = v.add(v.rearrange(ACROSS_16));
        if (LANES > 8) v = v.add(v.rearrange(ACROSS_8));
        if (LANES > 4) v = v.add(v.rearrange(ACROSS_4));
        if (LANES > 2) v = v.add(v.rearrange(ACROSS_2));
        if (LANES > 1) v = v.add(v.rearrange(ACROSS_1));
        return v.lane(0);
    }

    /** Every lane's partner {@code distance} away; a distance no vector here has is not used. */
    private static VectorShuffle<Float> across(int distance) {
        return VectorShuffle.fromOp(FLOATS, i -> (i ^ distance) % LANES);
    }
}
