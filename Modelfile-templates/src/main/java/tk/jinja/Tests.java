package tk.jinja;

import tk.error.UnsupportedException;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What can stand after {@code is}. */
final class Tests {
    private final Operators operators;

    Tests(Operators operators) {
        this.operators = operators;
    }

    /** Whether the value passes the test; its argument is the first of {@code arguments}. */
    boolean passes(String name, Object value, Arguments arguments) {
        return switch (name) {
            case "defined" -> !(value instanceof Undefined);
            case "undefined" -> value instanceof Undefined;
            case "none" -> value == None.NONE;
            case "boolean" -> value instanceof Boolean;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> value instanceof Long;
            case "float" -> value instanceof Double;
            case "number" -> Types.isNumber(value);
            case "string" -> value instanceof String;
            case "mapping" -> value instanceof Map;
            // What jinja2 takes for a sequence is anything with a length and items.
            case "sequence" ->
                    value instanceof String
                            || value instanceof List
                            || value instanceof Tuple
                            || value instanceof Map
                            || value instanceof Undefined;
            case "iterable" ->
                    value instanceof String
                            || value instanceof List
                            || value instanceof Tuple
                            || value instanceof Map
                            || value instanceof View
                            || value instanceof Generator
                            || value instanceof Undefined;
            case "callable" -> value instanceof Function || value instanceof Undefined;
            case "escaped" -> false;
            case "odd" -> Math.floorMod(whole(value), 2L) == 1;
            case "even" -> Math.floorMod(whole(value), 2L) == 0;
            case "divisibleby" ->
                    Operators.asLong(operators.arithmetic("%", value, argument(name, arguments)))
                            == 0;
            case "sameas" -> same(value, argument(name, arguments));
            case "lower" -> {
                String text = operators.str(value);
                yield text.equals(text.toLowerCase(Locale.ROOT)) && hasCase(text);
            }
            case "upper" -> {
                String text = operators.str(value);
                yield text.equals(text.toUpperCase(Locale.ROOT)) && hasCase(text);
            }
            case "in" -> operators.contains(argument(name, arguments), value);
            case "eq", "equalto", "==" -> operators.equal(value, argument(name, arguments));
            case "ne", "!=" -> !operators.equal(value, argument(name, arguments));
            case "lt", "lessthan", "<" -> operators.holds("<", value, argument(name, arguments));
            case "le", "<=" -> operators.holds("<=", value, argument(name, arguments));
            case "gt", "greaterthan", ">" -> operators.holds(">", value, argument(name, arguments));
            case "ge", ">=" -> operators.holds(">=", value, argument(name, arguments));
            case "filter" -> Filters.NAMES.contains(operators.str(value));
            default ->
                    throw new UnsupportedException(
                            "a chat template tests 'is %s', which tk does not know"
                                    .formatted(name));
        };
    }

    private static long whole(Object value) {
        if (value instanceof Undefined u) throw u.failure();
        return Operators.asLong(value);
    }

    private static Object argument(String name, Arguments arguments) {
        return arguments.bind(name, "other").required("other");
    }

    /** Identity, which for values like these is equality of the same type. */
    private static boolean same(Object a, Object b) {
        return a == b
                || (a.getClass() == b.getClass()
                        && !(a instanceof List)
                        && !(a instanceof Map)
                        && a.equals(b));
    }

    private static boolean hasCase(String text) {
        return text.codePoints()
                .anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
    }
}
