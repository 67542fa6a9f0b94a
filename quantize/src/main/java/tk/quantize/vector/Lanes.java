package tk.quantize.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import tk.quantize.scalar.Rounding;

/** The vectors of this machine. */
final class Lanes {
    static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    /** Lanes of a vector. */
    static final int COUNT = FLOATS.length();

    /** A byte for each lane; vectors below 64 bits do not exist, so there may be more lanes. */
    static final VectorSpecies<Byte> NARROW =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, 8 * COUNT)));

    /** Of {@link Rounding#MAGIC}: a small whole number added to it is added to its bits. */
    static final int MAGIC_BITS = Float.floatToRawIntBits(Rounding.MAGIC);

    /**
     * 2²² - ¼, for the whole part of a value from ¼ on: the sum with it is rounded to a multiple of
     * ½, ties to even. A whole number less ¼ is such a tie, and comes out whole; what is less comes
     * out less. So the lowest bit of the sum stands for a half, and those above it are the whole
     * part, without the compare and the jump that Java's conversion to integers costs.
     */
    static final float WHOLE = 0x1p22f - 0.25f;

    /** The bits of a sum with {@link #WHOLE} whose whole part is 0. */
    static final int WHOLE_BITS = Float.floatToRawIntBits(0x1p22f);

    private Lanes() {}
}
