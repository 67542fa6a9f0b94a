package tk.quantize.vector;

import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import tk.quantize.scalar.BlockKernel;
import tk.tensor.DType;

import java.util.Optional;

/**
 * Dequantizes 256 values at a time: first their codes, a byte each, with the scale and the offset
 * of each sub-block, then {@code scale · code + offset}. What the scalar kernels give, to the bit;
 * they draw the layouts.
 */
abstract class Dequantizer {
    static final int VALUES = 256;

    private final int blockValues;
    private final int blockBytes;
    private final int subValues;
    private final boolean shifted;

    final byte[] codes = new byte[VALUES];
    final float[] scales = new float[VALUES / 16];
    final float[] offsets = new float[VALUES / 16];

    /**
     * Of a type.
     *
     * @param subValues values in a sub-block, 16 or 32
     * @param shifted whether there are offsets
     */
    Dequantizer(DType type, int subValues, boolean shifted) {
        this.blockValues = type.blockSize();
        this.blockBytes = type.blockBytes();
        this.subValues = subValues;
        this.shifted = shifted;
    }

    /** That of a type, if there are vectors for it: four lanes do not fill one of bytes. */
    static Optional<Dequantizer> of(DType type) {
        if (COUNT != 8 && COUNT != 16) return Optional.empty();
        return Optional.ofNullable(
                switch (type) {
                    case Q4_0 -> new BlockDequantizers.Q4_0();
                    case Q4_1 -> new BlockDequantizers.Q4_1();
                    case Q5_0 -> new BlockDequantizers.Q5_0();
                    case Q5_1 -> new BlockDequantizers.Q5_1();
                    case Q8_0 -> new BlockDequantizers.Q8_0();
                    case IQ4_NL -> new BlockDequantizers.IQ4_NL();
                    case IQ4_XS -> new SuperBlockDequantizers.IQ4_XS();
                    case Q2_K -> new SuperBlockDequantizers.Q2_K();
                    case Q3_K -> new SuperBlockDequantizers.Q3_K();
                    case Q4_K -> new SuperBlockDequantizers.Q4_K();
                    case Q5_K -> new SuperBlockDequantizers.Q5_K();
                    case Q6_K -> new SuperBlockDequantizers.Q6_K();
                    default -> null;
                });
    }

    /**
     * Finds codes, scales and offsets.
     *
     * @param at of the first block
     * @param count how many blocks: {@link #VALUES} values, or fewer at the end of small blocks
     */
    abstract void unpack(byte[] blocks, int at, int count);

    /** As {@link BlockKernel#dequantize}. */
    void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
        for (int i = 0; i < count; i += VALUES) {
            int values = Math.min(VALUES, count - i);
            unpack(blocks, at + i / blockValues * blockBytes, values / blockValues);
            if (shifted) scaleAndShift(into, to + i, values);
            else scale(into, to + i, values);
        }
    }

    private void scale(float[] into, int to, int count) {
        int bits = Integer.numberOfTrailingZeros(subValues);
        for (int i = 0; i < count; i += COUNT) {
            ByteVector.fromArray(NARROW, codes, i)
                    .convertShape(VectorOperators.B2F, FLOATS, 0)
                    .reinterpretAsFloats()
                    .mul(FloatVector.broadcast(FLOATS, scales[i >> bits]))
                    .intoArray(into, to + i);
        }
    }

    private void scaleAndShift(float[] into, int to, int count) {
        int bits = Integer.numberOfTrailingZeros(subValues);
        for (int i = 0; i < count; i += COUNT) {
            ByteVector.fromArray(NARROW, codes, i)
                    .convertShape(VectorOperators.B2F, FLOATS, 0)
                    .reinterpretAsFloats()
                    .mul(FloatVector.broadcast(FLOATS, scales[i >> bits]))
                    .add(FloatVector.broadcast(FLOATS, offsets[i >> bits]))
                    .intoArray(into, to + i);
        }
    }
}
