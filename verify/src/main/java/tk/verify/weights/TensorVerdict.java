package tk.verify.weights;

import tk.tensor.DType;
import tk.tensor.TensorInfo;

import java.util.Locale;
import java.util.Optional;

/**
 * What the counts of a comparison mean: whether the target holds the source's values, and by which
 * limits.
 *
 * @param source the tensor with the right values
 * @param target the one that was compared with it
 * @param through the type of a file in between, where there seems to have been one
 * @param importance whether the target was quantized with an importance matrix
 * @param refitted whether its type fits the scale once more after the codes were chosen
 * @param coded whether its blocks were looked into
 * @param values how many were compared
 * @param tally what was counted
 */
record TensorVerdict(
        TensorInfo source,
        TensorInfo target,
        Optional<DType> through,
        boolean importance,
        boolean refitted,
        boolean coded,
        double values,
        TensorTally tally) {
    /**
     * With an importance matrix, a value that hardly matters may be left more than a step away:
     * this share at most. Measured: 0.5 % with weights over ten orders of magnitude.
     */
    private static final double REFITTED = 0.01;

    /** The same of one row, measured 7 %; of a wrong row it is two thirds. */
    private static final double REFITTED_ROW = 0.25;

    /** Up to this share, codes that aren't the nearest are damage; beyond, another rounding. */
    private static final double DAMAGE = 0.01;

    /**
     * Limit of the root mean square error in steps: 0.29 where every code is the nearest, up to 0.5
     * where errors are compensated, 1 where every code is off by one.
     */
    private static final double ROUNDING = 0.6;

    /** Limit of the normalised error of a type whose blocks are not looked into. */
    private static final double OTHER_TYPES = 0.25;

    /** What is wrong with the target, if anything is. */
    Optional<String> failure() {
        return damage().or(this::coarserBefore);
    }

    /** That a file of fewer than 8 bits came before: what it lost is in no type's own error. */
    private Optional<String> coarserBefore() {
        return through.filter(TensorVerdict::isCoarse)
                .map(
                        type ->
                                "`%s`: quantized twice, from `%s` as %s holds it"
                                        .formatted(target.name(), source.name(), type));
    }

    /** Whether a type has fewer than 8 bits. */
    static boolean isCoarse(DType type) {
        return type.isBlock() && type != DType.Q8_0;
    }

    /** Whether more of the codes than damage explains are not the nearest. */
    boolean isAnotherRounding() {
        return through.isEmpty() && tally.notNearest > DAMAGE * values;
    }

    /** What is wrong with the values, where they are those of the file in between. */
    Optional<String> damage() {
        String place = "`%s`".formatted(target.name());
        if (tally.overflows > 0) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d values overflow %s, the first at %s: %s became %s",
                            place,
                            tally.overflows,
                            target.dtype(),
                            tally.position(),
                            (float) tally.firstExpected,
                            (float) tally.firstFound));
        }
        if (tally.wrong > 0) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d of %,.0f values are not %s as %s, the first at %s: %s, expected %s",
                            place,
                            tally.wrong,
                            values,
                            "`" + source.name() + "`",
                            target.dtype(),
                            tally.position(),
                            (float) tally.firstFound,
                            (float) tally.firstExpected));
        }
        if (!(tally.squaredError < Double.POSITIVE_INFINITY)) {
            return Optional.of(place + ": holds values that are not finite");
        }
        if (refitted ? isFarOff() : tally.farOff > 0) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d of %,.0f values are more than a step of %s away from `%s`, the first at %s: %s, expected %s",
                            place,
                            tally.farOff,
                            values,
                            target.dtype(),
                            source.name(),
                            tally.position(),
                            (float) tally.firstFound,
                            (float) tally.firstExpected));
        }
        if (tally.lostBlocks > 0 && !importance) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d blocks have lost their scale",
                            place,
                            tally.lostBlocks));
        }
        if (tally.notNearest > 0 && tally.notNearest <= DAMAGE * values && !refitted) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: %,d of %,.0f codes are not the nearest to `%s`",
                            place,
                            tally.notNearest,
                            values,
                            source.name()));
        }
        double steps = Math.sqrt(tally.squaredSteps / Math.max(1, tally.inside));
        if (isAnotherRounding() && steps > ROUNDING) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: values are %.2f steps of %s away from `%s` on average, at most %.2f expected",
                            place,
                            steps,
                            target.dtype(),
                            source.name(),
                            ROUNDING));
        }
        if (target.dtype().isBlock()
                && !coded
                && tally.squaredError > OTHER_TYPES * tally.squaredSource) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%s: normalised error %.3f against `%s`, at most %.2f expected",
                            place,
                            tally.squaredError / tally.squaredSource,
                            source.name(),
                            OTHER_TYPES));
        }
        return Optional.empty();
    }

    private boolean isFarOff() {
        return tally.farOff > REFITTED * values
                || tally.farOffInRow > REFITTED_ROW * target.shape().columns();
    }

    /** What a reader should know although nothing is wrong. */
    Optional<String> note() {
        if (through.isPresent()) {
            return Optional.of(
                    "quantized from `%s` rounded to %s, as a file in between held it"
                            .formatted(source.name(), through.get()));
        }
        if (tally.lostBlocks > 0) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%,d blocks without importance hold a constant",
                            tally.lostBlocks));
        }
        if (tally.notNearest > 0) {
            return Optional.of(
                    String.format(
                            Locale.ROOT,
                            "%.1f %% of the codes are not the nearest: another rounding than llama.cpp's",
                            100 * tally.notNearest / values));
        }
        return Optional.empty();
    }
}
