package tk.json;

import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Numbers as Python spells them after reading: {@code 1e-5} becomes {@code 1e-05}, {@code 5e5}
 * becomes {@code 500000.0}, {@code 10000} stays a whole number.
 */
public final class PythonJson {
    private PythonJson() {}

    /** The value with every number in it as {@code json.dumps(json.loads(…))} spells it. */
    public static JsonValue respelled(JsonValue value) {
        return switch (value) {
            case JsonNumber number -> respelled(number);
            case JsonArray(var items) -> {
                List<JsonValue> copy = new ArrayList<>(items.size());
                for (JsonValue item : items) copy.add(respelled(item));
                yield new JsonArray(copy);
            }
            case JsonObject(var members) -> {
                SequencedMap<String, JsonValue> copy = new LinkedHashMap<>();
                members.forEach((name, member) -> copy.put(name, respelled(member)));
                yield new JsonObject(copy);
            }
            default -> value;
        };
    }

    private static JsonNumber respelled(JsonNumber number) {
        if (number.isWhole()) return new JsonNumber(new BigInteger(number.text()).toString());
        double value = number.asDouble();
        // What overflows a double is an infinity to Python, and then no JSON any more.
        return Double.isFinite(value) ? ofFloat(value) : number;
    }

    /** A float as Python's {@code repr} spells it: the shortest digits that give it back. */
    public static JsonNumber ofFloat(double value) {
        if (!Double.isFinite(value)) throw new IllegalArgumentException("JSON has no " + value);
        if (value == 0) return new JsonNumber(1 / value < 0 ? "-0.0" : "0.0");
        BigDecimal decimal = shortest(value);
        String digits = decimal.unscaledValue().abs().toString();
        int exponent = decimal.precision() - decimal.scale() - 1;
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String mantissa =
                    digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
            String power = Integer.toString(Math.abs(exponent));
            return new JsonNumber(
                    sign
                            + mantissa
                            + (exponent < 0 ? "e-" : "e+")
                            + (power.length() < 2 ? "0" : "")
                            + power);
        }
        String plain = decimal.abs().toPlainString();
        return new JsonNumber(sign + plain + (plain.indexOf('.') < 0 ? ".0" : ""));
    }

    /** Java keeps a second digit even where one would do: 4.9E-324 for Python's 5e-324. */
    private static BigDecimal shortest(double value) {
        BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (decimal.precision() != 2) return decimal;
        BigDecimal one = decimal.round(new MathContext(1, RoundingMode.HALF_EVEN));
        return one.doubleValue() == value ? one.stripTrailingZeros() : decimal;
    }
}
