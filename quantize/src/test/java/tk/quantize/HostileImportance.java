package tk.quantize;

import java.util.Random;

/** Importance weights of every kind, none negative, from a seed. */
enum HostileImportance {
    ONES,
    EXPONENTIAL,
    LOG_NORMAL,
    FEW_ZEROS,
    MOSTLY_ZEROS,
    ZERO_SUB_BLOCKS,
    ZEROS,
    SPREAD,
    VAST_SPREAD,
    LARGE,
    SMALL;

    /** {@code count} weights of this kind. */
    float[] generate(int count, long seed) {
        Random random = new Random(seed * 37 + name().hashCode());
        float[] w = new float[count];
        for (int i = 0; i < count; i++) {
            double uniform = random.nextDouble();
            double exponential = -Math.log(1 - uniform);
            w[i] =
                    (float)
                            switch (this) {
                                case ONES -> 1;
                                case EXPONENTIAL -> exponential;
                                case LOG_NORMAL -> Math.exp(3 * random.nextGaussian());
                                case FEW_ZEROS -> random.nextInt(16) == 0 ? 0 : exponential;
                                case MOSTLY_ZEROS -> random.nextInt(32) != 0 ? 0 : exponential;
                                case ZERO_SUB_BLOCKS -> (i / 16 * 7 & 4) == 0 ? 0 : exponential;
                                case ZEROS -> 0;
                                case SPREAD -> Math.exp(60 * uniform - 30);
                                case VAST_SPREAD -> Math.exp(147 * uniform - 87);
                                case LARGE -> 1e20 * exponential;
                                case SMALL -> 1e-20 * exponential;
                            };
        }
        return w;
    }
}
