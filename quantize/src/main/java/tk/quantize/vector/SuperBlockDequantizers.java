package tk.quantize.vector;

import static tk.quantize.scalar.LittleEndian.f16;
import static tk.quantize.scalar.LittleEndian.i32;
import static tk.quantize.scalar.LittleEndian.u16;

import tk.quantize.scalar.SixBitScales;
import tk.tensor.DType;

/** The {@link Dequantizer} of each type whose super-blocks have 256 values: one at a time. */
final class SuperBlockDequantizers {
    private SuperBlockDequantizers() {}

    /** Of {@link tk.quantize.scalar.Q2_K}. */
    static final class Q2_K extends Dequantizer {
        Q2_K() {
            super(DType.Q2_K, 16, true);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            float d = f16(blocks, at + 80);
            float dmin = f16(blocks, at + 82);
            for (int j = 0; j < 16; j++) {
                scales[j] = d * (blocks[at + j] & 15);
                offsets[j] = -(dmin * (blocks[at + j] >> 4 & 15));
            }
            Unpacking.pairs(blocks, at + 16, codes);
        }
    }

    /** Of {@link tk.quantize.scalar.Q3_K}. */
    static final class Q3_K extends Dequantizer {
        private static final long FOUR_BITS = 0x0f0f0f0f0f0f0f0fL;

        Q3_K() {
            super(DType.Q3_K, 16, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            float d = f16(blocks, at + 108);
            long low = (i32(blocks, at + 96) & 0xffffffffL) | (long) i32(blocks, at + 100) << 32;
            int high = i32(blocks, at + 104);
            scales(d, low & FOUR_BITS | high(high) << 4, 0);
            scales(d, low >>> 4 & FOUR_BITS | high(high >>> 4) << 4, 8);
            Unpacking.triples(blocks, at, codes);
        }

        /** The lowest two bits of each byte, and after these the two above them: eight bytes. */
        private static long high(int bits) {
            return (bits & 0x03030303L) | (bits >>> 2 & 0x03030303L) << 32;
        }

        /** Eight scales, a byte each. */
        private void scales(float d, long codes, int from) {
            for (int j = 0; j < 8; j++) {
                scales[from + j] = d * ((int) (codes >>> (8 * j) & 0xff) - 32);
            }
        }
    }

    /** Of {@link tk.quantize.scalar.Q4_K}. */
    static final class Q4_K extends Dequantizer {
        Q4_K() {
            super(DType.Q4_K, 32, true);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            sixBits(blocks, at, scales, offsets);
            Unpacking.nibbles(blocks, at + 16, codes);
        }
    }

    /** Of {@link tk.quantize.scalar.Q5_K}. */
    static final class Q5_K extends Dequantizer {
        Q5_K() {
            super(DType.Q5_K, 32, true);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            sixBits(blocks, at, scales, offsets);
            Unpacking.nibblesAndFifths(blocks, at + 16, codes);
        }
    }

    private static void sixBits(byte[] blocks, int at, float[] scales, float[] offsets) {
        float d = f16(blocks, at);
        float dmin = f16(blocks, at + 2);
        for (int j = 0; j < 8; j++) {
            scales[j] = d * SixBitScales.scale(blocks, at + 4, j);
            offsets[j] = -(dmin * SixBitScales.min(blocks, at + 4, j));
        }
    }

    /** Of {@link tk.quantize.scalar.Q6_K}. */
    static final class Q6_K extends Dequantizer {
        Q6_K() {
            super(DType.Q6_K, 16, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            float d = f16(blocks, at + 208);
            for (int j = 0; j < 16; j++) scales[j] = d * blocks[at + 192 + j];
            Unpacking.sixes(blocks, at, codes);
        }
    }

    /** Of {@link tk.quantize.scalar.IQ4_XS}. */
    static final class IQ4_XS extends Dequantizer {
        IQ4_XS() {
            super(DType.IQ4_XS, 32, false);
        }

        @Override
        void unpack(byte[] blocks, int at, int count) {
            float d = f16(blocks, at);
            int high = u16(blocks, at + 2);
            int low = i32(blocks, at + 4);
            for (int j = 0; j < 8; j++) {
                int scale = low >> (4 * j) & 15 | (high >> (2 * j) & 3) << 4;
                scales[j] = d * (scale - 32);
                Unpacking.entries(blocks, at + 8 + 16 * j, codes, 32 * j);
            }
        }
    }
}
