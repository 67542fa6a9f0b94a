package tk.modelfile;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * Numbers as Go's {@code encoding/json} spells them: the shortest digits that give the value back,
 * with an exponent only below 1e-6 and from 1e21 on.
 */
final class GoNumbers {
    private GoNumbers() {}

    static String text(double value) {
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        BigDecimal shortest = new BigDecimal(Double.toString(value));
        BigDecimal one = oneDigit(shortest);
        return text(one.doubleValue() == value ? one : shortest);
    }

    static String text(float value) {
        if (value == 0) return 1 / value < 0 ? "-0" : "0";
        BigDecimal shortest = new BigDecimal(Float.toString(value));
        BigDecimal one = oneDigit(shortest);
        return text(one.floatValue() == value ? one : shortest);
    }

    /** Java writes a second digit even where one would do: 1.4E-45 for Go's 1e-45. */
    private static BigDecimal oneDigit(BigDecimal value) {
        return value.round(new MathContext(1, RoundingMode.HALF_EVEN));
    }

    private static String text(BigDecimal value) {
        BigDecimal digits = value.stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -6 && exponent < 21) return digits.toPlainString();
        String all = digits.unscaledValue().abs().toString();
        String mantissa = all.length() == 1 ? all : all.charAt(0) + "." + all.substring(1);
        return (digits.signum() < 0 ? "-" : "")
                + mantissa
                + (exponent < 0 ? "e-" : "e+")
                + Math.abs(exponent);
    }
}
