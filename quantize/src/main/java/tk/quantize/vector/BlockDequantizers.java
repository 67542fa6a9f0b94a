package tk.quantize.vector;

import static tk.quantize.scalar.LittleEndian.f16;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

import tk.tensor.DType;

/** The {@link Dequantizer} of each type whose blocks have 32 values. */
final class BlockDequantizers {
    private static final int BLOCK = 32;

    private BlockDequantizers() {}

    /** Of {@link tk.quantize.scalar.Q4_0}. */
    static final class Q4_0 extends Dequantizer {
        Q4_0() {
            super(DType.Q4_0, BLOCK, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += 18) {
                scales[b] = f16(blocks, at);
                Unpacking.halves(blocks, at + 2, 8, codes, BLOCK * b);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.Q4_1}. */
    static final class Q4_1 extends Dequantizer {
        Q4_1() {
            super(DType.Q4_1, BLOCK, true);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += 20) {
                scales[b] = f16(blocks, at);
                offsets[b] = f16(blocks, at + 2);
                Unpacking.halves(blocks, at + 4, 0, codes, BLOCK * b);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.Q5_0}. */
    static final class Q5_0 extends Dequantizer {
        Q5_0() {
            super(DType.Q5_0, BLOCK, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += 22) {
                scales[b] = f16(blocks, at);
                Unpacking.fifths(blocks, at + 2, 16, codes, BLOCK * b);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.Q5_1}. */
    static final class Q5_1 extends Dequantizer {
        Q5_1() {
            super(DType.Q5_1, BLOCK, true);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += 24) {
                scales[b] = f16(blocks, at);
                offsets[b] = f16(blocks, at + 2);
                Unpacking.fifths(blocks, at + 4, 0, codes, BLOCK * b);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.IQ4_NL}. */
    static final class IQ4_NL extends Dequantizer {
        IQ4_NL() {
            super(DType.IQ4_NL, BLOCK, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += 18) {
                scales[b] = f16(blocks, at);
                Unpacking.entries(blocks, at + 2, codes, BLOCK * b);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.Q8_0}, whose codes are bytes already. */
    static final class Q8_0 extends Dequantizer {
        private static final int BYTES = 34;

        Q8_0() {
            super(DType.Q8_0, BLOCK, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            for (int b = 0; b < count; b++, at += BYTES) {
                scales[b] = f16(blocks, at);
                System.arraycopy(blocks, at + 2, codes, BLOCK * b, BLOCK);
            }
        }

        @Override
        void dequantize(byte[] blocks, int at, float[] into, int to, int count) {
            for (int i = 0; i < count; i += BLOCK, at += BYTES) {
                FloatVector d = FloatVector.broadcast(FLOATS, f16(blocks, at));
                for (int l = 0; l < BLOCK; l += COUNT) {
                    ByteVector.fromArray(NARROW, blocks, at + 2 + l)
                            .convertShape(VectorOperators.B2F, FLOATS, 0)
                            .reinterpretAsFloats()
                            .mul(d)
                            .intoArray(into, to + i + l);
                }
            }
        }
    }
}
