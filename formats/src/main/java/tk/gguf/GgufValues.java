package tk.gguf;

import java.util.Locale;

/** Metadata values as they lie in the file; see {@link GgufHeader}. */
final class GgufValues {
    private GgufValues() {}

    /** Reads a value's type and the value. */
    static GgufValue read(GgufInput in, String key) {
        String what = "the value of `" + key + "`";
        GgufValueType type = readType(in, what);
        return switch (type) {
            case U8, I8, U16, I16, U32, I32, U64, I64 ->
                    new GgufValue.Whole(type, number(in, type, what));
            case F32 -> new GgufValue.Float32(Float.intBitsToFloat(in.i32(what)));
            case F64 -> new GgufValue.Float64(Double.longBitsToDouble(in.i64(what)));
            case BOOL -> new GgufValue.Bool(number(in, type, what) == 1);
            case STRING -> new GgufValue.Text(in.text(what));
            case ARRAY -> readArray(in, what);
        };
    }

    private static GgufValueType readType(GgufInput in, String what) {
        long at = in.position();
        int code = in.i32(what);
        return GgufValueType.ofCode(code)
                .orElseThrow(
                        () ->
                                in.malformed(
                                        at,
                                        "%s has type %s, expected 0 to 12"
                                                .formatted(what, Integer.toUnsignedString(code))));
    }

    private static GgufValue readArray(GgufInput in, String what) {
        long at = in.position();
        GgufValueType element = readType(in, what);
        if (element == GgufValueType.ARRAY) {
            throw in.malformed(
                    at, what + " is an array of arrays", "llama.cpp reads no such file either.");
        }
        long count = in.count("the length of " + what, element.smallestSize());
        return switch (element) {
            case STRING -> new GgufValue.Texts(PackedTexts.read(in, count, what));
            case F32 -> {
                in.spend(4 * count);
                float[] values = new float[(int) count];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Float.intBitsToFloat(in.i32(what));
                }
                yield new GgufValue.Floats(values);
            }
            default -> {
                in.spend(8 * count);
                long[] values = new long[(int) count];
                for (int i = 0; i < values.length; i++) values[i] = number(in, element, what);
                yield new GgufValue.Numbers(element, values);
            }
        };
    }

    /** One number as a long: F64 as its bits, a boolean as 0 or 1. */
    private static long number(GgufInput in, GgufValueType type, String what) {
        return switch (type) {
            case U8 -> in.i8(what) & 0xffL;
            case I8 -> in.i8(what);
            case U16 -> in.i16(what) & 0xffffL;
            case I16 -> in.i16(what);
            case U32 -> in.i32(what) & 0xffffffffL;
            case I32 -> in.i32(what);
            case U64, I64, F64 -> in.i64(what);
            case BOOL -> {
                long at = in.position();
                byte value = in.i8(what);
                if (value != 0 && value != 1) {
                    throw in.malformed(
                            at,
                            "%s is the boolean %s, expected 0 or 1".formatted(what, value & 0xff));
                }
                yield value;
            }
            case F32, STRING, ARRAY ->
                    throw new IllegalArgumentException(type.name().toLowerCase(Locale.ROOT));
        };
    }

    /** Writes a value's type and the value. */
    static void write(GgufOutput out, GgufValue value) {
        out.i32(value.type().code());
        switch (value) {
            case GgufValue.Whole(GgufValueType type, long number) -> out.number(type, number);
            case GgufValue.Float32(float number) -> out.i32(Float.floatToRawIntBits(number));
            case GgufValue.Float64(double number) -> out.i64(Double.doubleToRawLongBits(number));
            case GgufValue.Bool(boolean truth) -> out.i8(truth ? 1 : 0);
            case GgufValue.Text(String text) -> out.text(text);
            case GgufValue.Texts(var texts) -> {
                out.i32(GgufValueType.STRING.code());
                out.i64(texts.size());
                for (String text : texts) out.text(text);
            }
            case GgufValue.Floats(float[] numbers) -> {
                out.i32(GgufValueType.F32.code());
                out.i64(numbers.length);
                for (float number : numbers) out.i32(Float.floatToRawIntBits(number));
            }
            case GgufValue.Numbers(GgufValueType element, long[] numbers) -> {
                out.i32(element.code());
                out.i64(numbers.length);
                for (long number : numbers) out.number(element, number);
            }
        }
    }
}
