package tk.jinja;

import tk.error.UnsupportedException;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Python's operators on values. */
final class Operators {
    private final Budget budget;
    private final PythonText text;

    Operators(Budget budget) {
        this.budget = budget;
        this.text = new PythonText(budget);
    }

    Budget budget() {
        return budget;
    }

    String str(Object value) {
        return text.str(value);
    }

    String repr(Object value) {
        return text.repr(value);
    }

    static boolean truth(Object value) {
        return switch (value) {
            case Boolean b -> b;
            case None n -> false;
            case Undefined u -> false;
            case String s -> !s.isEmpty();
            case Long n -> n != 0;
            case Double d -> d != 0;
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            case Tuple(var items) -> !items.isEmpty();
            case View(String kind, var items) -> !items.isEmpty();
            default -> true;
        };
    }

    boolean equal(Object a, Object b) {
        budget.step();
        if (a == b) return true;
        if (Types.isNumber(a) && Types.isNumber(b)) return compareNumbers(a, b) == 0;
        if (a instanceof Undefined) return b instanceof Undefined;
        if (a instanceof List<?> x && b instanceof List<?> y)
            return (a instanceof Range) == (b instanceof Range) && equalItems(x, y);
        if (a instanceof Tuple(var x) && b instanceof Tuple(var y)) return equalItems(x, y);
        if (a instanceof View(String k, var x) && b instanceof View(String l, var y))
            return k.equals(l) && equalItems(x, y);
        if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
            if (x.size() != y.size()) return false;
            budget.enter();
            boolean equal = true;
            for (var entry : x.entrySet()) {
                Object other = y.get(entry.getKey());
                equal = equal && other != null && equal(entry.getValue(), other);
            }
            budget.leave();
            return equal;
        }
        return a instanceof String && a.equals(b);
    }

    private boolean equalItems(List<?> a, List<?> b) {
        if (a.size() != b.size()) return false;
        budget.enter();
        boolean equal = true;
        for (int i = 0; equal && i < a.size(); i++) equal = equal(a.get(i), b.get(i));
        budget.leave();
        return equal;
    }

    /** A value as a mapping's key. */
    Object key(Object value) {
        if (!hashable(value))
            throw new JinjaError("unhashable type: '%s'".formatted(Types.name(value)));
        return value;
    }

    /**
     * Whether a value can be a mapping's key. Its parts are counted here because the hash, which
     * goes through them as well, counts nothing.
     */
    boolean hashable(Object value) {
        budget.step();
        if (!(value instanceof Tuple(var items)))
            return !(value instanceof List || value instanceof Map);
        budget.enter();
        boolean hashable = true;
        for (Object item : items) hashable = hashable && hashable(item);
        budget.leave();
        return hashable;
    }

    boolean holds(String operator, Object a, Object b) {
        return switch (operator) {
            case "==" -> equal(a, b);
            case "!=" -> !equal(a, b);
            case "in" -> contains(b, a);
            case "not in" -> !contains(b, a);
            default -> {
                if (isNaN(a) || isNaN(b)) yield false;
                int order = compare(a, b, operator);
                yield switch (operator) {
                    case "<" -> order < 0;
                    case "<=" -> order <= 0;
                    case ">" -> order > 0;
                    case ">=" -> order >= 0;
                    default -> throw new IllegalStateException(operator);
                };
            }
        };
    }

    private static boolean isNaN(Object value) {
        return value instanceof Double d && d.isNaN();
    }

    /** The order of two values, which must be of comparable types. */
    int compare(Object a, Object b, String operator) {
        budget.step();
        if (Types.isNumber(a) && Types.isNumber(b)) return compareNumbers(a, b);
        if (a instanceof String x && b instanceof String y) return PythonStrings.compare(x, y);
        if (a instanceof List<?> x && b instanceof List<?> y) return compareItems(x, y, operator);
        if (a instanceof Tuple(var x) && b instanceof Tuple(var y))
            return compareItems(x, y, operator);
        if (a instanceof Undefined u) throw u.failure();
        if (b instanceof Undefined u) throw u.failure();
        throw new JinjaError(
                "'%s' not supported between instances of '%s' and '%s'"
                        .formatted(operator, Types.name(a), Types.name(b)));
    }

    private int compareItems(List<?> a, List<?> b, String operator) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (equal(a.get(i), b.get(i))) continue;
            budget.enter();
            int order = compare(a.get(i), b.get(i), operator);
            budget.leave();
            return order;
        }
        return Integer.compare(a.size(), b.size());
    }

    private static int compareNumbers(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double x = asDouble(a);
            double y = asDouble(b);
            return x < y ? -1 : x == y ? 0 : 1;
        }
        return Long.compare(asLong(a), asLong(b));
    }

    static long asLong(Object number) {
        return switch (number) {
            case Boolean b -> b ? 1 : 0;
            case Long n -> n;
            default -> throw new JinjaError("expected an integer, found " + Types.name(number));
        };
    }

    static double asDouble(Object number) {
        return switch (number) {
            case Double d -> d;
            default -> asLong(number);
        };
    }

    boolean contains(Object container, Object item) {
        return switch (container) {
            case String s -> {
                if (item instanceof String part) yield s.contains(part);
                if (item instanceof Undefined u) throw u.failure();
                throw new JinjaError(
                        "'in <string>' requires string as left operand, not " + Types.name(item));
            }
            case Map<?, ?> map -> map.containsKey(key(item));
            default -> {
                boolean found = false;
                for (Iterator<?> it = iterator(container); !found && it.hasNext(); )
                    found = equal(it.next(), item);
                yield found;
            }
        };
    }

    /** Goes through a value's items. */
    Iterator<?> iterator(Object value) {
        return value instanceof Generator generator ? generator.rest() : items(value).iterator();
    }

    /** The items of a value, as {@code list(value)} has them. */
    List<Object> items(Object value) {
        return switch (value) {
            case List<?> list -> Collections.unmodifiableList(list);
            case Tuple(var items) -> items;
            case View(String kind, var items) -> items;
            case String s -> {
                budget.size(s.length());
                yield PythonStrings.characters(s);
            }
            case Map<?, ?> map -> new ArrayList<>(map.keySet());
            case Undefined u -> List.of();
            case Generator generator -> {
                List<Object> items = new ArrayList<>();
                generator.rest().forEachRemaining(items::add);
                yield items;
            }
            default ->
                    throw new JinjaError(
                            "'%s' object is not iterable".formatted(Types.name(value)));
        };
    }

    static long length(Object value) {
        return switch (value) {
            case String s -> PythonStrings.length(s);
            case List<?> l -> l.size();
            case Map<?, ?> m -> m.size();
            case Tuple(var items) -> items.size();
            case View(String kind, var items) -> items.size();
            case Undefined u -> 0;
            default ->
                    throw new JinjaError(
                            "object of type '%s' has no len()".formatted(Types.name(value)));
        };
    }

    String concatenated(List<Object> parts) {
        StringBuilder out = new StringBuilder();
        for (Object part : parts) {
            String string = str(part);
            budget.size((long) out.length() + string.length());
            out.append(string);
        }
        return out.toString();
    }

    Object arithmetic(String operator, Object a, Object b) {
        if (a instanceof Undefined u) throw u.failure();
        if (operator.equals("%") && a instanceof String format) {
            return new PrintfFormat(this).format(format, b);
        }
        if (b instanceof Undefined u) throw u.failure();
        if (Types.isNumber(a) && Types.isNumber(b)) return numbers(operator, a, b);
        if (operator.equals("+")) {
            if (a instanceof String x && b instanceof String y) {
                budget.size((long) x.length() + y.length());
                return x + y;
            }
            if (a instanceof List<?> x && b instanceof List<?> y) return joined(x, y);
            if (a instanceof Tuple(var x) && b instanceof Tuple(var y))
                return new Tuple(joined(x, y));
        }
        if (operator.equals("*")) {
            if (a instanceof Long || a instanceof Boolean) return repeated(b, asLong(a));
            if (b instanceof Long || b instanceof Boolean) return repeated(a, asLong(b));
        }
        throw unsupported(operator, a, b);
    }

    private List<Object> joined(List<?> a, List<?> b) {
        budget.size((long) a.size() + b.size());
        List<Object> out = new ArrayList<>(a);
        out.addAll(b);
        return out;
    }

    private Object repeated(Object value, long times) {
        long count = Math.max(0, times);
        switch (value) {
            case String s -> {
                budget.size(product(s.length(), count));
                return s.repeat((int) count);
            }
            case List<?> list -> {
                budget.size(product(list.size(), count));
                List<Object> out = new ArrayList<>();
                for (long i = 0; i < count && !list.isEmpty(); i++) out.addAll(list);
                return out;
            }
            case Tuple(var items) -> {
                return repeated(items, times) instanceof List<?> list
                        ? new Tuple(List.copyOf(list))
                        : value;
            }
            default -> throw unsupported("*", value, times);
        }
    }

    /** As large as can be where it does not fit, so that the budget ends it. */
    private static long product(long length, long count) {
        return length > 0 && count > Integer.MAX_VALUE / length
                ? Integer.MAX_VALUE
                : length * count;
    }

    private static JinjaError unsupported(String operator, Object a, Object b) {
        return new JinjaError(
                "unsupported operand type(s) for %s: '%s' and '%s'"
                        .formatted(operator, Types.name(a), Types.name(b)));
    }

    private static Object numbers(String operator, Object a, Object b) {
        try {
            if (a instanceof Double || b instanceof Double || operator.equals("/"))
                return floats(operator, asDouble(a), asDouble(b));
            long x = asLong(a);
            long y = asLong(b);
            if (y == 0 && (operator.equals("//") || operator.equals("%")))
                throw new JinjaError("integer division or modulo by zero");
            return switch (operator) {
                case "+" -> Math.addExact(x, y);
                case "-" -> Math.subtractExact(x, y);
                case "*" -> Math.multiplyExact(x, y);
                case "//" -> Math.floorDivExact(x, y);
                case "%" -> Math.floorMod(x, y);
                case "**" ->
                        y < 0 ? (Object) Math.pow((double) x, (double) y) : (Object) power(x, y);
                default -> throw new IllegalStateException(operator);
            };
        } catch (ArithmeticException e) {
            throw new UnsupportedException(
                    "a chat template computes with numbers beyond 64 bits", null, e);
        }
    }

    private static long power(long base, long exponent) {
        if (exponent > 63 && Math.abs(base) > 1) throw new ArithmeticException();
        return java.math.BigInteger.valueOf(base)
                .pow((int) Math.min(exponent, 64 + exponent % 2))
                .longValueExact();
    }

    private static Object floats(String operator, double x, double y) {
        if (y == 0
                && !operator.equals("+")
                && !operator.equals("-")
                && !operator.equals("*")
                && !operator.equals("**")) throw new JinjaError("division by zero");
        return switch (operator) {
            case "+" -> x + y;
            case "-" -> x - y;
            case "*" -> x * y;
            case "/" -> x / y;
            case "//" -> floorDivided(x, y);
            case "%" -> {
                double remainder = x % y;
                yield remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder;
            }
            case "**" -> Math.pow(x, y);
            default -> throw new IllegalStateException(operator);
        };
    }

    /** As Python divides: so that the quotient goes with the remainder, not with {@code x / y}. */
    private static double floorDivided(double x, double y) {
        double remainder = x % y;
        double quotient = (x - remainder) / y;
        if (remainder != 0 && (remainder < 0) != (y < 0)) quotient -= 1;
        if (quotient == 0) return Math.copySign(0.0, x / y);
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    static Object signed(boolean negative, Object value) {
        return switch (value) {
            case Undefined u -> throw u.failure();
            case Double d -> negative ? -d : d;
            case Long n -> negative ? Math.negateExact(n) : n;
            case Boolean b -> negative ? -asLong(b) : asLong(b);
            default ->
                    throw new JinjaError(
                            "bad operand type for unary -: '" + Types.name(value) + "'");
        };
    }
}
