package tk.gguf;

import java.util.Arrays;
import java.util.List;

/**
 * A metadata value of a GGUF file. Immutable by convention: the arrays given and returned are not
 * copied.
 */
public sealed interface GgufValue {
    /** Its type's code in the file. */
    GgufValueType type();

    /**
     * A whole number.
     *
     * @param type one of U8 … I64
     * @param value its value; a U64 above 2^63-1 as its two's complement
     */
    record Whole(GgufValueType type, long value) implements GgufValue {}

    /** A 32-bit float. */
    record Float32(float value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.F32;
        }
    }

    /** A 64-bit float. */
    record Float64(double value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.F64;
        }
    }

    /** A boolean. */
    record Bool(boolean value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.BOOL;
        }
    }

    /** A string. */
    record Text(String value) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.STRING;
        }
    }

    /** A list of strings. */
    record Texts(List<String> values) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }
    }

    /** A list of 32-bit floats. */
    record Floats(float[] values) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Floats(float[] theirs) && Arrays.equals(values, theirs);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    /**
     * A list of whole numbers, F64s or booleans of one type, each value as a long (F64 as its raw
     * bits, booleans 0 or 1).
     */
    record Numbers(GgufValueType element, long[] values) implements GgufValue {
        @Override
        public GgufValueType type() {
            return GgufValueType.ARRAY;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Numbers(var theirElement, long[] theirs)
                    && element == theirElement
                    && Arrays.equals(values, theirs);
        }

        @Override
        public int hashCode() {
            return 31 * element.hashCode() + Arrays.hashCode(values);
        }
    }

    /** An unsigned 32-bit number. */
    static GgufValue u32(long value) {
        return new Whole(GgufValueType.U32, value);
    }

    /** A signed 32-bit number. */
    static GgufValue i32(int value) {
        return new Whole(GgufValueType.I32, value);
    }

    /** A 32-bit float. */
    static GgufValue f32(float value) {
        return new Float32(value);
    }

    /** A boolean. */
    static GgufValue bool(boolean value) {
        return new Bool(value);
    }

    /** A string. */
    static GgufValue text(String value) {
        return new Text(value);
    }

    /** A list of strings. */
    static GgufValue texts(List<String> values) {
        return new Texts(List.copyOf(values));
    }

    /** A list of 32-bit floats. */
    static GgufValue floats(float[] values) {
        return new Floats(values);
    }

    /** A list of signed 32-bit numbers. */
    static GgufValue i32s(int[] values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < values.length; i++) wide[i] = values[i];
        return new Numbers(GgufValueType.I32, wide);
    }
}
