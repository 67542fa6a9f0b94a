package tk.jinja;

import tk.error.UnsupportedException;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code "…" % values}. */
final class PrintfFormat {
    private static final Pattern FIELD =
            Pattern.compile(
                    "%(?:\\((\\w*)\\))?([-0 +#]*)(\\d{1,4})?(?:\\.(\\d{1,3}))?(.)", Pattern.DOTALL);

    private final Operators operators;

    PrintfFormat(Operators operators) {
        this.operators = operators;
    }

    String format(String format, Object values) {
        List<Object> positional = values instanceof Tuple(var items) ? items : List.of(values);
        StringBuilder out = new StringBuilder();
        Matcher field = FIELD.matcher(format);
        int from = 0;
        int next = 0;
        while (field.find()) {
            out.append(format, from, field.start());
            from = field.end();
            if (field.group(5).equals("%")) {
                out.append('%');
                continue;
            }
            Object value;
            if (field.group(1) != null) {
                if (!(values instanceof Map<?, ?> map))
                    throw new JinjaError("format requires a mapping");
                value = map.get(field.group(1));
                if (value == null) throw new JinjaError("KeyError: '" + field.group(1) + "'");
                next = positional.size();
            } else {
                if (next >= positional.size())
                    throw new JinjaError("not enough arguments for format string");
                value = positional.get(next++);
            }
            String text = field(field, value);
            operators.budget().size(text.length());
            out.append(text);
        }
        // Python takes a list for something like a mapping here, whose items need not be used.
        if (next < positional.size()
                && !(values instanceof Map<?, ?>)
                && !(values instanceof List<?>))
            throw new JinjaError("not all arguments converted during string formatting");
        if (format.indexOf('%', from) >= 0) throw new JinjaError("incomplete format");
        return out.append(format, from, format.length()).toString();
    }

    private String field(Matcher field, Object value) {
        String flags = field.group(2);
        int width = field.group(3) == null ? 0 : Integer.parseInt(field.group(3));
        int precision = field.group(4) == null ? -1 : Integer.parseInt(field.group(4));
        String text =
                switch (field.group(5)) {
                    case "s" -> cut(operators.str(value), precision);
                    case "r" -> cut(operators.repr(value), precision);
                    case "d", "i", "u" -> Long.toString(whole(value));
                    case "x" -> Long.toHexString(whole(value));
                    case "X" -> Long.toHexString(whole(value)).toUpperCase(Locale.ROOT);
                    case "f", "F" ->
                            new java.math.BigDecimal(number(value))
                                    .setScale(
                                            precision < 0 ? 6 : precision,
                                            java.math.RoundingMode.HALF_EVEN)
                                    .toPlainString();
                    default ->
                            throw new UnsupportedException(
                                    "a chat template formats with '%s', which tk does not know"
                                            .formatted(field.group()));
                };
        boolean numeric = !field.group(5).equals("s") && !field.group(5).equals("r");
        if (numeric && flags.contains("+") && !text.startsWith("-")) text = "+" + text;
        StringMethods strings = new StringMethods(operators);
        long missing = Math.max(0, width - PythonStrings.length(text));
        if (flags.contains("-")) return strings.padded(text, missing, " ", "ljust");
        if (numeric && flags.contains("0")) {
            boolean signed = text.startsWith("-") || text.startsWith("+");
            String sign = signed ? text.substring(0, 1) : "";
            return sign + "0".repeat((int) missing) + text.substring(sign.length());
        }
        return strings.padded(text, missing, " ", "rjust");
    }

    private static String cut(String text, int precision) {
        return precision < 0 || precision >= PythonStrings.length(text)
                ? text
                : PythonStrings.slice(text, 0, precision);
    }

    private static long whole(Object value) {
        if (value instanceof Double d) return (long) (double) d;
        if (Types.isNumber(value)) return Operators.asLong(value);
        throw new JinjaError("%d format: a real number is required, not " + Types.name(value));
    }

    private static double number(Object value) {
        if (Types.isNumber(value)) return Operators.asDouble(value);
        throw new JinjaError("must be real number, not " + Types.name(value));
    }
}
