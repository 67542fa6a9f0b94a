package tk.gotemplate;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Numbers as Go spells them, with the shortest digits that give the value back. {@code
 * encoding/json} writes an exponent only below 1e-6 and from 1e21 on.
 */
public final class GoNumbers {
    private GoNumbers() {}

    /** In JSON. */
    public static String text(double value) {
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        return text(shortest(value), -6, 21, 1);
    }

    /** As an action prints it: {@code fmt}'s {@code %v}. */
    static String printed(double value) {
        if (Double.isNaN(value)) return "NaN";
        if (Double.isInfinite(value)) return value > 0 ? "+Inf" : "-Inf";
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        return text(shortest(value), -4, 6, 2);
    }

    private static BigDecimal shortest(double value) {
        BigDecimal shortest = new BigDecimal(Double.toString(value));
        BigDecimal one = oneDigit(shortest);
        return one.doubleValue() == value ? one : shortest;
    }

    /** In JSON. */
    public static String text(float value) {
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        BigDecimal shortest = new BigDecimal(Float.toString(value));
        BigDecimal one = oneDigit(shortest);
        return text(one.floatValue() == value ? one : shortest, -6, 21, 1);
    }

    /** Java writes a second digit even where one would do: 1.4E-45 for Go's 1e-45. */
    private static BigDecimal oneDigit(BigDecimal value) {
        return value.round(new MathContext(1, RoundingMode.HALF_EVEN));
    }

    /**
     * Spells it.
     *
     * @param least the smallest exponent that is not written
     * @param end the smallest that is written again
     * @param exponentDigits that an exponent has at least
     */
    private static String text(BigDecimal value, int least, int end, int exponentDigits) {
        BigDecimal digits = value.stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= least && exponent < end) return digits.toPlainString();
        String all = digits.unscaledValue().abs().toString();
        String mantissa = all.length() == 1 ? all : all.charAt(0) + "." + all.substring(1);
        return (digits.signum() < 0 ? "-" : "")
                + mantissa
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 && exponentDigits == 2 ? "0" : "")
                + Math.abs(exponent);
    }
}
