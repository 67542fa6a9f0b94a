package tk.quantize.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.OR;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

import tk.quantize.scalar.Iq4Search;
import tk.quantize.scalar.LittleEndian;

/** From bits to codes, a signed byte each: what {@link Codes} packed. */
final class Unpacking {
    /** The bytes of a block of 32 codes of four bits. */
    private static final VectorSpecies<Byte> HALF = ByteVector.SPECIES_128;

    /** So many bytes lie between two codes that share one in a super-block. */
    private static final VectorSpecies<Byte> ROW = ByteVector.SPECIES_256;

    private static final int FOUR_BITS = 0x0f0f0f0f;
    private static final int TWO_BITS = 0x03030303;
    private static final int ONE_BIT = 0x01010101;

    private static final byte[] CODE_BOOK = new byte[16];

    static {
        for (int code = 0; code < 16; code++) CODE_BOOK[code] = (byte) Iq4Search.decode(code);
    }

    private Unpacking() {}

    /** 32 codes of four bits in 16 bytes, less {@code middle}: those of value l and 16 + l. */
    static void halves(byte[] packed, int at, int middle, byte[] codes, int to) {
        IntVector bits = ByteVector.fromArray(HALF, packed, at).reinterpretAsInts();
        bits.and(FOUR_BITS).reinterpretAsBytes().sub((byte) middle).intoArray(codes, to);
        bits.lanewise(LSHR, 4)
                .and(FOUR_BITS)
                .reinterpretAsBytes()
                .sub((byte) middle)
                .intoArray(codes, to + 16);
    }

    /** As {@link #halves}, with four bytes of fifth bits before them. */
    static void fifths(byte[] packed, int at, int middle, byte[] codes, int to) {
        int fifth = LittleEndian.i32(packed, at);
        IntVector bits = ByteVector.fromArray(HALF, packed, at + 4).reinterpretAsInts();
        bits.and(FOUR_BITS)
                .reinterpretAsBytes()
                .lanewise(OR, (byte) 16, VectorMask.fromLong(HALF, fifth & 0xffff))
                .sub((byte) middle)
                .intoArray(codes, to);
        bits.lanewise(LSHR, 4)
                .and(FOUR_BITS)
                .reinterpretAsBytes()
                .lanewise(OR, (byte) 16, VectorMask.fromLong(HALF, fifth >>> 16))
                .sub((byte) middle)
                .intoArray(codes, to + 16);
    }

    /** As {@link #halves}, of codes that stand for entries of IQ4's code book. */
    static void entries(byte[] packed, int at, byte[] codes, int to) {
        ByteVector book = ByteVector.fromArray(HALF, CODE_BOOK, 0);
        IntVector bits = ByteVector.fromArray(HALF, packed, at).reinterpretAsInts();
        bits.and(FOUR_BITS).reinterpretAsBytes().selectFrom(book).intoArray(codes, to);
        bits.lanewise(LSHR, 4)
                .and(FOUR_BITS)
                .reinterpretAsBytes()
                .selectFrom(book)
                .intoArray(codes, to + 16);
    }

    /** 256 codes of two bits in 64 bytes. */
    static void pairs(byte[] packed, int at, byte[] codes) {
        for (int half = 0; half < 2; half++) {
            IntVector bits = ByteVector.fromArray(ROW, packed, at + 32 * half).reinterpretAsInts();
            for (int k = 0; k < 4; k++) {
                bits.lanewise(LSHR, 2 * k)
                        .and(TWO_BITS)
                        .reinterpretAsBytes()
                        .intoArray(codes, 128 * half + 32 * k);
            }
        }
    }

    /** 256 codes of three bits, less 4: 32 bytes of third bits, 64 of the others. */
    static void triples(byte[] packed, int at, byte[] codes) {
        IntVector third = ByteVector.fromArray(ROW, packed, at).reinterpretAsInts();
        for (int half = 0; half < 2; half++) {
            IntVector bits =
                    ByteVector.fromArray(ROW, packed, at + 32 + 32 * half).reinterpretAsInts();
            for (int k = 0; k < 4; k++) {
                IntVector high = third.lanewise(LSHR, 4 * half + k).and(ONE_BIT).lanewise(LSHL, 2);
                bits.lanewise(LSHR, 2 * k)
                        .and(TWO_BITS)
                        .or(high)
                        .reinterpretAsBytes()
                        .sub((byte) 4)
                        .intoArray(codes, 128 * half + 32 * k);
            }
        }
    }

    /** 256 codes of four bits in 128 bytes. */
    static void nibbles(byte[] packed, int at, byte[] codes) {
        for (int l = 0; l < 128; l += 32) {
            IntVector bits = ByteVector.fromArray(ROW, packed, at + l).reinterpretAsInts();
            bits.and(FOUR_BITS).reinterpretAsBytes().intoArray(codes, 2 * l);
            bits.lanewise(LSHR, 4).and(FOUR_BITS).reinterpretAsBytes().intoArray(codes, 2 * l + 32);
        }
    }

    /** As {@link #nibbles}, with 32 bytes of fifth bits before them. */
    static void nibblesAndFifths(byte[] packed, int at, byte[] codes) {
        IntVector fifth = ByteVector.fromArray(ROW, packed, at).reinterpretAsInts();
        for (int pair = 0; pair < 4; pair++) {
            IntVector bits =
                    ByteVector.fromArray(ROW, packed, at + 32 + 32 * pair).reinterpretAsInts();
            IntVector own = fifth.lanewise(LSHR, 2 * pair);
            bits.and(FOUR_BITS)
                    .or(own.and(ONE_BIT).lanewise(LSHL, 4))
                    .reinterpretAsBytes()
                    .intoArray(codes, 64 * pair);
            bits.lanewise(LSHR, 4)
                    .and(FOUR_BITS)
                    .or(own.and(2 * ONE_BIT).lanewise(LSHL, 3))
                    .reinterpretAsBytes()
                    .intoArray(codes, 64 * pair + 32);
        }
    }

    /** 256 codes of six bits, less 32: 128 bytes of the low four, 64 of the high two. */
    static void sixes(byte[] packed, int at, byte[] codes) {
        for (int half = 0; half < 2; half++) {
            int low = at + 64 * half;
            IntVector high =
                    ByteVector.fromArray(ROW, packed, at + 128 + 32 * half).reinterpretAsInts();
            for (int k = 0; k < 4; k++) {
                IntVector bits =
                        ByteVector.fromArray(ROW, packed, low + 32 * (k % 2)).reinterpretAsInts();
                bits.lanewise(LSHR, 4 * (k / 2))
                        .and(FOUR_BITS)
                        .or(high.lanewise(LSHR, 2 * k).and(TWO_BITS).lanewise(LSHL, 4))
                        .reinterpretAsBytes()
                        .sub((byte) 32)
                        .intoArray(codes, 128 * half + 32 * k);
            }
        }
    }
}
