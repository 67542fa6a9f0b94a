package tk.jinja;

import tk.error.UnsupportedException;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The filters, by name: each takes its input as the first argument. */
final class Filters {
    /** All that tk knows. */
    static final Set<String> NAMES =
            Set.of(
                    "abs",
                    "attr",
                    "batch",
                    "capitalize",
                    "center",
                    "count",
                    "d",
                    "default",
                    "dictsort",
                    "first",
                    "float",
                    "format",
                    "groupby",
                    "indent",
                    "int",
                    "items",
                    "join",
                    "last",
                    "length",
                    "list",
                    "lower",
                    "map",
                    "max",
                    "min",
                    "reject",
                    "rejectattr",
                    "replace",
                    "reverse",
                    "round",
                    "safe",
                    "select",
                    "selectattr",
                    "slice",
                    "sort",
                    "string",
                    "sum",
                    "title",
                    "tojson",
                    "trim",
                    "truncate",
                    "unique",
                    "upper",
                    "wordcount");

    private final Operators operators;
    private final TextFilters texts;
    private final ListFilters lists;

    Filters(Operators operators) {
        this.operators = operators;
        this.texts = new TextFilters(operators);
        this.lists = new ListFilters(operators, this, new Tests(operators));
    }

    Object apply(String name, Arguments arguments) {
        if (!NAMES.contains(name)) {
            throw new UnsupportedException(
                    "a chat template uses the filter '%s', which tk does not know".formatted(name));
        }
        return switch (name) {
            case "abs" -> abs(arguments.bind(name, "x").required("x"));
            case "attr" -> {
                var bound = arguments.bind(name, "obj", "name");
                Object target = bound.required("obj");
                yield new Lookup(operators).attributeOnly(target, bound.text("name", ""));
            }
            case "d", "default" -> otherwise(arguments);
            case "float" -> toFloat(arguments);
            case "int" -> toInt(arguments);
            case "round" -> round(arguments);
            case "safe", "string" ->
                    operators.str(arguments.bind(name, "object").required("object"));
            case "tojson" -> ToJson.filter(operators, arguments);
            case "count", "length" -> Operators.length(arguments.bind(name, "obj").required("obj"));
            case "items" -> items(arguments.bind(name, "value").required("value"));
            case "capitalize",
                    "center",
                    "format",
                    "indent",
                    "lower",
                    "replace",
                    "title",
                    "trim",
                    "truncate",
                    "upper",
                    "wordcount" ->
                    texts.apply(name, arguments);
            default -> lists.apply(name, arguments);
        };
    }

    private static Object abs(Object value) {
        return switch (value) {
            case Undefined u -> throw u.failure();
            case Double d -> Math.abs(d);
            default -> Math.absExact(Operators.asLong(value));
        };
    }

    private static Object otherwise(Arguments arguments) {
        var bound = arguments.bind("default", "value", "default_value", "boolean");
        Object value = bound.required("value");
        boolean replaced =
                value instanceof Undefined
                        || (Operators.truth(bound.get("boolean", false))
                                && !Operators.truth(value));
        return replaced ? bound.get("default_value", "") : value;
    }

    private static Object items(Object value) {
        if (value instanceof Undefined) return new Generator(java.util.List.of());
        if (value instanceof Map<?, ?> map) return new Generator(Lookup.pairs(map).items());
        throw new JinjaError("Can only get item pairs from a mapping.");
    }

    private static Object toFloat(Arguments arguments) {
        var bound = arguments.bind("float", "value", "default");
        Object value = bound.required("value");
        if (value instanceof Undefined u) throw u.failure();
        if (Types.isNumber(value)) return Operators.asDouble(value);
        if (value instanceof String text) {
            try {
                return Double.parseDouble(checked(text));
            } catch (NumberFormatException e) {
                return bound.get("default", 0.0);
            }
        }
        return bound.get("default", 0.0);
    }

    private static Object toInt(Arguments arguments) {
        var bound = arguments.bind("int", "value", "default", "base");
        Object value = bound.required("value");
        if (value instanceof Undefined u) throw u.failure();
        if (value instanceof Double d && Double.isFinite(d)) return (long) (double) d;
        if (Types.isNumber(value) && !(value instanceof Double)) return Operators.asLong(value);
        if (value instanceof String text) {
            try {
                return integer(PythonStrings.strip(text), bound.whole("base", 10));
            } catch (NumberFormatException e) {
                try {
                    return (long) Double.parseDouble(checked(text));
                } catch (NumberFormatException again) {
                    return bound.get("default", 0L);
                }
            }
        }
        return bound.get("default", 0L);
    }

    private static long integer(String text, long base) {
        String digits = text.toLowerCase(Locale.ROOT).replace("_", "");
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        return Long.parseLong(
                digits.startsWith(prefix) ? digits.substring(prefix.length()) : digits,
                Math.clamp(base, 2, 36));
    }

    /** Java would also take hexadecimal digits and a type suffix. */
    private static String checked(String text) {
        String number = PythonStrings.strip(text).toLowerCase(Locale.ROOT);
        if (number.matches("[+-]?(\\d[\\d_]*(\\.\\d*)?|\\.\\d+)(e[+-]?\\d+)?"))
            return number.replace("_", "");
        throw new NumberFormatException(text);
    }

    private static Object round(Arguments arguments) {
        var bound = arguments.bind("round", "value", "precision", "method");
        Object value = bound.required("value");
        if (value instanceof Undefined u) throw u.failure();
        double number = Operators.asDouble(value);
        int precision = Math.clamp(bound.whole("precision", 0), -300, 300);
        double scale = Math.pow(10, precision);
        return switch (bound.text("method", "common")) {
            case "ceil" -> Math.ceil(number * scale) / scale;
            case "floor" -> Math.floor(number * scale) / scale;
            case "common" -> {
                if (!(value instanceof Double) && precision >= 0) yield Operators.asLong(value);
                if (!Double.isFinite(number)) yield number;
                yield new java.math.BigDecimal(number)
                        .setScale(precision, java.math.RoundingMode.HALF_EVEN)
                        .doubleValue();
            }
            default -> throw new JinjaError("method must be common, ceil or floor");
        };
    }
}
