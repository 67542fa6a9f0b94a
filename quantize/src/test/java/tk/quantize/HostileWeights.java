package tk.quantize;

import java.util.Random;

/** Weights of every kind that has ever told two quantizers apart, all finite, from a seed. */
enum HostileWeights {
    NORMAL,
    BF16_ROUNDED,
    F16_ROUNDED,
    HEAVY_TAIL,
    OUTLIERS,
    POSITIVE,
    NEGATIVE,
    SHIFTED,
    SPARSE,
    ONE_HOT,
    ZEROS,
    CONSTANT,
    NEAR_CONSTANT,
    TWO_VALUED,
    INTEGERS,
    HALF_INTEGERS,
    SUBNORMAL,
    TINY,
    HUGE,
    MIXED_SCALES,
    SUB_BLOCK_SCALES,
    RANDOM_BITS;

    /** {@code count} weights of this kind; kinds vary from block of 256 to block. */
    float[] generate(int count, long seed) {
        Random random = new Random(seed * 31 + name().hashCode());
        float[] x = new float[count];
        for (int i = 0; i < count; i += 256) fill(x, i, Math.min(count, i + 256), random);
        return x;
    }

    private void fill(float[] x, int from, int to, Random random) {
        float a = normal(random);
        float b = normal(random);
        float scale = (float) Math.exp(2 * random.nextGaussian() - 4);
        int special = from + random.nextInt(to - from);
        for (int i = from; i < to; i++) {
            float n = normal(random);
            x[i] =
                    switch (this) {
                        case NORMAL -> n * scale;
                        case BF16_ROUNDED ->
                                Float.intBitsToFloat(
                                        Float.floatToRawIntBits(n * scale) & 0xffff0000);
                        case F16_ROUNDED -> Float.float16ToFloat(Float.floatToFloat16(n * scale));
                        case HEAVY_TAIL -> n / Math.max(1e-3f, Math.abs(normal(random)));
                        case OUTLIERS -> random.nextInt(64) == 0 ? n * 100 : n * 0.02f;
                        case POSITIVE -> Math.abs(n);
                        case NEGATIVE -> -Math.abs(n) - scale;
                        case SHIFTED -> n * 0.01f + a;
                        case SPARSE -> random.nextInt(8) == 0 ? n : zero(random);
                        case ONE_HOT -> i == special ? a : zero(random);
                        case ZEROS -> zero(random);
                        case CONSTANT -> a;
                        case NEAR_CONSTANT ->
                                Float.intBitsToFloat(
                                        Float.floatToRawIntBits(a) + random.nextInt(4));
                        case TWO_VALUED -> random.nextBoolean() ? a : b;
                        case INTEGERS -> random.nextInt(41) - 20;
                        case HALF_INTEGERS -> (random.nextInt(81) - 40) * 0.5f * (special % 3 + 1);
                        case SUBNORMAL ->
                                Float.intBitsToFloat(
                                        random.nextInt(1 << random.nextInt(1, 24))
                                                | (random.nextBoolean() ? 1 << 31 : 0));
                        case TINY -> n * power(special % 20 - 45);
                        case HUGE -> Math.clamp(n * power(special % 6 + 32), -3e38f, 3e38f);
                        case MIXED_SCALES -> n * power(random.nextInt(75) - 37);
                        case SUB_BLOCK_SCALES ->
                                n * power((i / 16 * 31 + special) % (special % 30 + 1) - 15);
                        case RANDOM_BITS -> finiteBits(random);
                    };
        }
    }

    private static float normal(Random random) {
        return (float) random.nextGaussian();
    }

    private static float zero(Random random) {
        return random.nextBoolean() ? 0f : -0f;
    }

    private static float power(int exponent) {
        return (float) Math.pow(10, exponent);
    }

    private static float finiteBits(Random random) {
        while (true) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (Float.isFinite(value)) return value;
        }
    }
}
