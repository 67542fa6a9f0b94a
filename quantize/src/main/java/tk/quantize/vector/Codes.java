package tk.quantize.vector;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import static tk.quantize.scalar.Rounding.MAGIC;
import static tk.quantize.vector.Lanes.COUNT;
import static tk.quantize.vector.Lanes.FLOATS;
import static tk.quantize.vector.Lanes.NARROW;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

import tk.quantize.scalar.LittleEndian;
import tk.quantize.scalar.Rounding;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * From values to codes, a byte each, and from these to bits. Rounds as {@link Rounding#nearest},
 * wrapping included.
 *
 * <p>An array that receives codes must be 8 bytes longer than these: four lanes store eight bytes.
 * Where codes that follow may be there already, these are put back.
 */
final class Codes {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** 32 bytes at most: so many codes lie between two that share a byte. */
    private static final VectorSpecies<Byte> ROW =
            VectorSpecies.of(
                    byte.class,
                    VectorShape.forBitSize(Math.min(256, Lanes.FLOATS.vectorBitSize())));

    private Codes() {}

    /**
     * {@code (x + offset) / factor}, limited to 0 … max.
     *
     * @param n values in each of {@code subs} sub-blocks
     */
    static void divide(
            float[] x,
            int from,
            int n,
            int subs,
            float[] offset,
            float[] factor,
            int max,
            byte[] codes) {
        for (int j = 0; j < subs; j++) {
            FloatVector o = FloatVector.broadcast(FLOATS, offset[j]);
            FloatVector f = FloatVector.broadcast(FLOATS, factor[j]);
            for (int i = n * j; i < n * (j + 1); i += COUNT) {
                FloatVector.fromArray(FLOATS, x, from + i)
                        .add(o)
                        .div(f)
                        .add(MAGIC)
                        .reinterpretAsInts()
                        .and(0x7fffff)
                        .sub(0x400000)
                        .max(0)
                        .min(max)
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(codes, i);
            }
        }
    }

    /**
     * {@code x / factor}, limited to -max … max-1, plus max.
     *
     * @param n values in each of {@code subs} sub-blocks
     */
    static void divide(
            float[] x, int from, int n, int subs, float[] factor, int max, byte[] codes) {
        for (int j = 0; j < subs; j++) {
            FloatVector f = FloatVector.broadcast(FLOATS, factor[j]);
            for (int i = n * j; i < n * (j + 1); i += COUNT) {
                FloatVector.fromArray(FLOATS, x, from + i)
                        .div(f)
                        .add(MAGIC)
                        .reinterpretAsInts()
                        .and(0x7fffff)
                        .sub(0x400000 - max)
                        .max(0)
                        .min(2 * max - 1)
                        .convertShape(VectorOperators.I2B, NARROW, 0)
                        .reinterpretAsBytes()
                        .intoArray(codes, i);
            }
        }
    }

    /**
     * {@code inverse · x}, limited to -max … max-1, plus max: what {@link QxLanes} found. 0 where
     * {@code inverse} is 0.
     */
    static void multiply(float[] x, int from, int n, float inverse, int max, byte[] codes, int to) {
        int low = inverse == 0 ? 0x400000 : 0x400000 - max;
        long behind = (long) LONG.get(codes, to + n);
        for (int i = 0; i < n; i += COUNT) {
            FloatVector.fromArray(FLOATS, x, from + i)
                    .mul(inverse)
                    .add(MAGIC)
                    .reinterpretAsInts()
                    .and(0x7fffff)
                    .sub(low)
                    .max(0)
                    .min(2 * max - 1)
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(codes, to + i);
        }
        LONG.set(codes, to + n, behind);
    }

    /** {@code inverse · (x - low)}, limited to 0 … max: what {@link QkxLanes} found. */
    static void multiply(
            float[] x, int from, int n, float inverse, float low, int max, byte[] codes, int to) {
        long behind = (long) LONG.get(codes, to + n);
        for (int i = 0; i < n; i += COUNT) {
            FloatVector.fromArray(FLOATS, x, from + i)
                    .sub(low)
                    .mul(inverse)
                    .add(MAGIC)
                    .reinterpretAsInts()
                    .and(0x7fffff)
                    .sub(0x400000)
                    .max(0)
                    .min(max)
                    .convertShape(VectorOperators.I2B, NARROW, 0)
                    .reinterpretAsBytes()
                    .intoArray(codes, to + i);
        }
        LONG.set(codes, to + n, behind);
    }

    /** Two rows of 32 codes of four bits: the first row's below the second's. */
    static void packNibbles(byte[] codes, int low, int high, byte[] into, int at) {
        for (int l = 0; l < 32; l += ROW.length()) {
            IntVector a = ByteVector.fromArray(ROW, codes, low + l).reinterpretAsInts();
            IntVector b = ByteVector.fromArray(ROW, codes, high + l).reinterpretAsInts();
            a.and(0x0f0f0f0f)
                    .or(b.and(0x0f0f0f0f).lanewise(LSHL, 4))
                    .reinterpretAsBytes()
                    .intoArray(into, at + l);
        }
    }

    /**
     * Four rows of 32 codes, 32 apart, of which two bits each, from bit {@code shift} on, are
     * packed into 32 bytes, the first row's lowest.
     */
    static void packPairs(byte[] codes, int from, int shift, byte[] into, int at) {
        for (int l = 0; l < 32; l += ROW.length()) {
            IntVector a = ByteVector.fromArray(ROW, codes, from + l).reinterpretAsInts();
            IntVector b = ByteVector.fromArray(ROW, codes, from + l + 32).reinterpretAsInts();
            IntVector c = ByteVector.fromArray(ROW, codes, from + l + 64).reinterpretAsInts();
            IntVector d = ByteVector.fromArray(ROW, codes, from + l + 96).reinterpretAsInts();
            a = a.lanewise(LSHR, shift).and(0x03030303);
            b = b.lanewise(LSHR, shift).and(0x03030303).lanewise(LSHL, 2);
            c = c.lanewise(LSHR, shift).and(0x03030303).lanewise(LSHL, 4);
            d = d.lanewise(LSHR, shift).and(0x03030303).lanewise(LSHL, 6);
            a.or(b).or(c).or(d).reinterpretAsBytes().intoArray(into, at + l);
        }
    }

    /** Bit {@code shift} of each of 256 codes: byte l holds those of l, 32 + l, 64 + l, … */
    static void packBits(byte[] codes, int shift, byte[] into, int at) {
        for (int l = 0; l < 32; l += ROW.length()) {
            IntVector a = ByteVector.fromArray(ROW, codes, l).reinterpretAsInts();
            IntVector b = ByteVector.fromArray(ROW, codes, l + 32).reinterpretAsInts();
            IntVector c = ByteVector.fromArray(ROW, codes, l + 64).reinterpretAsInts();
            IntVector d = ByteVector.fromArray(ROW, codes, l + 96).reinterpretAsInts();
            IntVector e = ByteVector.fromArray(ROW, codes, l + 128).reinterpretAsInts();
            IntVector f = ByteVector.fromArray(ROW, codes, l + 160).reinterpretAsInts();
            IntVector g = ByteVector.fromArray(ROW, codes, l + 192).reinterpretAsInts();
            IntVector h = ByteVector.fromArray(ROW, codes, l + 224).reinterpretAsInts();
            a = a.lanewise(LSHR, shift).and(0x01010101);
            b = b.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 1);
            c = c.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 2);
            d = d.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 3);
            e = e.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 4);
            f = f.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 5);
            g = g.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 6);
            h = h.lanewise(LSHR, shift).and(0x01010101).lanewise(LSHL, 7);
            IntVector low = a.or(b).or(c).or(d);
            low.or(e).or(f).or(g).or(h).reinterpretAsBytes().intoArray(into, at + l);
        }
    }

    /** 32 codes of four bits in 16 bytes: byte l holds those of l, below, and 16 + l. */
    static void packHalves(byte[] codes, int from, byte[] into, int at) {
        for (int l = 0; l < 16; l += 8) {
            long low = (long) LONG.get(codes, from + l);
            long high = (long) LONG.get(codes, from + 16 + l);
            LONG.set(into, at + l, low | high << 4);
        }
    }

    /** 32 codes of five bits: their fifth bits in 4 bytes, the others as {@link #packHalves}. */
    static void packFifths(byte[] codes, byte[] into, int at) {
        long fifths = 0;
        for (int l = 0; l < 32; l += ROW.length()) {
            ByteVector row = ByteVector.fromArray(ROW, codes, l);
            fifths |= row.compare(VectorOperators.GE, (byte) 16).toLong() << l;
        }
        LittleEndian.putI32(into, at, (int) fifths);
        for (int l = 0; l < 16; l += 8) {
            long low = (long) LONG.get(codes, l) & 0x0f0f0f0f0f0f0f0fL;
            long high = (long) LONG.get(codes, 16 + l) & 0x0f0f0f0f0f0f0f0fL;
            LONG.set(into, at + 4 + l, low | high << 4);
        }
    }
}
