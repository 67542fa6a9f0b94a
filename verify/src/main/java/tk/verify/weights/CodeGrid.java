package tk.verify.weights;

import tk.tensor.DType;

import java.util.Optional;

/**
 * The values a block of a quantized type can stand for: {@code offset + step · code} with the codes
 * of its type, by runs of values that share a step.
 *
 * <p>Read from the blocks' layouts (quantization.md §2) and not from the codec: it tells whether a
 * stored code is the nearest to the value it was made from, given the scales the block has.
 */
final class CodeGrid {
    /** What the 16 codes of the IQ4 types stand for. */
    private static final int[] IQ4 = {
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
    };

    private final DType type;
    private final int run;
    private final int lowest;
    private final int highest;
    private final boolean codedFromF32;

    private CodeGrid(DType type, int run, int lowest, int highest, boolean codedFromF32) {
        this.type = type;
        this.run = run;
        this.lowest = lowest;
        this.highest = highest;
        this.codedFromF32 = codedFromF32;
    }

    /** The grid of a type, where it is one of llama-quantize's. */
    static Optional<CodeGrid> of(DType type) {
        return Optional.ofNullable(
                switch (type) {
                    case Q8_0 -> new CodeGrid(type, 32, -128, 127, true);
                    case Q4_0 -> new CodeGrid(type, 32, -8, 7, true);
                    case Q4_1 -> new CodeGrid(type, 32, 0, 15, true);
                    case Q5_0 -> new CodeGrid(type, 32, -16, 15, true);
                    case Q5_1 -> new CodeGrid(type, 32, 0, 31, true);
                    case IQ4_NL, IQ4_XS -> new CodeGrid(type, 32, 0, 15, true);
                    case Q2_K -> new CodeGrid(type, 16, 0, 3, false);
                    case Q3_K -> new CodeGrid(type, 16, -4, 3, false);
                    case Q4_K -> new CodeGrid(type, 32, 0, 15, false);
                    case Q5_K -> new CodeGrid(type, 32, 0, 31, false);
                    case Q6_K -> new CodeGrid(type, 16, -32, 31, false);
                    default -> null;
                });
    }

    /** Values that share a step. */
    int run() {
        return run;
    }

    /** Runs in a block. */
    int runs() {
        return type.blockSize() / run;
    }

    /** The steps and offsets of a block. */
    static final class Scales {
        /** {@code [runs]} */
        final float[] step = new float[16];

        /** {@code [runs]}: what code 0 stands for */
        final float[] offset = new float[16];

        /**
         * The step that the smallest scale code but 0 gives: what a run of step 0 may have lost.
         */
        float unit;

        /** The same of the offsets. */
        float offsetUnit;
    }

    /**
     * Reads the scales of a block.
     *
     * @param at index of the block's first byte
     */
    void read(byte[] b, int at, Scales into) {
        switch (type) {
            case Q8_0, Q4_0, Q5_0, IQ4_NL -> single(into, f16(b, at), 0);
            case Q4_1, Q5_1 -> single(into, f16(b, at), f16(b, at + 2));
            case Q2_K -> {
                float d = f16(b, at + 80);
                float min = f16(b, at + 82);
                units(into, d, min);
                for (int j = 0; j < 16; j++) {
                    into.step[j] = d * (b[at + j] & 15);
                    into.offset[j] = -(min * ((b[at + j] >> 4) & 15));
                }
            }
            case Q3_K -> {
                float d = f16(b, at + 108);
                units(into, d, 0);
                for (int j = 0; j < 16; j++) {
                    int low = (j < 8 ? b[at + 96 + j] : b[at + 96 + j - 8] >> 4) & 15;
                    int high = (b[at + 104 + j % 4] >> (2 * (j / 4))) & 3;
                    into.step[j] = d * ((low | (high << 4)) - 32);
                    into.offset[j] = 0;
                }
            }
            case Q4_K, Q5_K -> {
                float d = f16(b, at);
                float min = f16(b, at + 2);
                units(into, d, min);
                for (int j = 0; j < 8; j++) {
                    int scale;
                    int minimum;
                    int s = at + 4;
                    if (j < 4) {
                        scale = b[s + j] & 63;
                        minimum = b[s + 4 + j] & 63;
                    } else {
                        scale = (b[s + 4 + j] & 15) | (((b[s + j - 4] >> 6) & 3) << 4);
                        minimum = ((b[s + 4 + j] >> 4) & 15) | (((b[s + j] >> 6) & 3) << 4);
                    }
                    into.step[j] = d * scale;
                    into.offset[j] = -(min * minimum);
                }
            }
            case Q6_K -> {
                float d = f16(b, at + 208);
                units(into, d, 0);
                for (int j = 0; j < 16; j++) {
                    into.step[j] = d * b[at + 192 + j];
                    into.offset[j] = 0;
                }
            }
            case IQ4_XS -> {
                float d = f16(b, at);
                int high = (b[at + 2] & 255) | ((b[at + 3] & 255) << 8);
                units(into, d, 0);
                for (int j = 0; j < 8; j++) {
                    int low = (b[at + 4 + j / 2] >> (4 * (j % 2))) & 15;
                    into.step[j] = d * ((low | (((high >> (2 * j)) & 3) << 4)) - 32);
                    into.offset[j] = 0;
                }
            }
            default -> throw new IllegalStateException(type.name());
        }
    }

    private static void single(Scales into, float step, float offset) {
        into.step[0] = step;
        into.offset[0] = offset;
        units(into, 0, 0);
    }

    private static void units(Scales into, float step, float offset) {
        into.unit = Math.abs(step);
        into.offsetUnit = Math.abs(offset);
    }

    /** How far the nearest value that a run can hold is from {@code x}. */
    double nearestDistance(float x, double step, double offset) {
        if (step == 0) return Math.abs(x - offset);
        if (isBook()) {
            double best = Double.POSITIVE_INFINITY;
            for (int code : IQ4) best = Math.min(best, Math.abs(x - (step * code + offset)));
            return best;
        }
        double code = Math.rint((x - offset) / step);
        double clamped = Math.clamp(code, (double) lowest, (double) highest);
        return Math.abs(x - (step * clamped + offset));
    }

    /** How far apart neighbouring values of a run are: of a code book, the widest gap. */
    double spacing(double step) {
        return Math.abs(step) * (isBook() ? 24 : 1);
    }

    /**
     * How much a code may miss the nearest value by rounding alone: types coded with scales in F32
     * that are stored in F16 miss it by twice what that rounding moves the value.
     */
    double slack(float x, double value, double step, double offset) {
        double arithmetic = 2e-6 * (Math.abs(x) + Math.abs(offset)) + 1e-5 * Math.abs(step);
        if (!codedFromF32) return arithmetic;
        double larger = Math.max(Math.abs(x - offset), Math.abs(value - offset));
        double code = step == 0 ? 0 : larger / Math.abs(step);
        // The super-block's scale of IQ4_XS is rounded before it is multiplied by up to 32.
        double factor = type == DType.IQ4_XS ? 32 : 1;
        double moved = (code + 0.5) * halfUlp(step, factor) + halfUlp(offset, 1);
        return arithmetic + 2 * moved;
    }

    /** The largest error of rounding to F16 a number that became {@code value}. */
    private static double halfUlp(double value, double factor) {
        return Math.max(Math.abs(value) * 0x1p-11, factor * 0x1p-25);
    }

    /** The largest difference that values of a run may have whose step rounded to 0. */
    double lostRange(Scales scales) {
        // A step is lost below half a unit, and a fitted step is no less than half of what spans
        // the values; twice that again is for what the fit of the offset moved.
        return 2 * range() * scales.unit + 2 * scales.offsetUnit;
    }

    /** The largest value that vanishes because the block's own scale is too small for F16. */
    double smallest() {
        int scaleCodes =
                switch (type) {
                    case Q2_K -> 15;
                    case Q3_K, IQ4_XS -> 32;
                    case Q4_K, Q5_K -> 63;
                    case Q6_K -> 128;
                    default -> 1;
                };
        return 0x1p-25 * scaleCodes * range() * 1.1;
    }

    /** How many steps lie between the lowest and the highest value. */
    private double range() {
        return isBook() ? IQ4[15] - IQ4[0] : highest - lowest;
    }

    private boolean isBook() {
        return type == DType.IQ4_NL || type == DType.IQ4_XS;
    }

    private static float f16(byte[] b, int at) {
        return Float.float16ToFloat((short) ((b[at] & 255) | ((b[at + 1] & 255) << 8)));
    }
}
