package tk.gotemplate;

import java.util.List;
import java.util.Map;

/** Values as Go's templates treat them: truth, text, equality, order. */
final class GoValues {
    /** Go's {@code nil}. */
    enum Nil {
        VALUE
    }

    static final Nil NIL = Nil.VALUE;

    private GoValues() {}

    static boolean truth(Object value) {
        return switch (value) {
            case Nil n -> false;
            case Boolean b -> b;
            case Long n -> n != 0;
            case Double d -> d != 0;
            case String s -> !s.isEmpty();
            case List<?> l -> !l.isEmpty();
            case Map<?, ?> m -> !m.isEmpty();
            default -> true;
        };
    }

    /** As an action prints it. */
    static String text(Object value) {
        return switch (value) {
            case Nil n -> "<no value>";
            case String s -> s;
            case Boolean b -> b.toString();
            case Long n -> n.toString();
            case Double d -> number(d);
            case List<?> list -> {
                StringBuilder out = new StringBuilder("[");
                for (int i = 0; i < list.size(); i++)
                    out.append(i == 0 ? "" : " ").append(text(list.get(i)));
                yield out.append(']').toString();
            }
            default ->
                    throw new tk.error.UnsupportedException(
                            "a template prints a whole " + type(value), "Print its fields.");
        };
    }

    /** Go's {@code %v} of a float: the shortest digits, an exponent from 21 digits on. */
    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) return Long.toString((long) value);
        return Double.toString(value).replace("E-", "e-").replace("E", "e+");
    }

    static boolean equal(Object a, Object b) {
        if (a == NIL || b == NIL) return a == b;
        if (a instanceof Struct || a instanceof List || a instanceof Map)
            throw new GoError("error calling eq: non-comparable type " + type(a));
        if (a.getClass() != b.getClass())
            throw new GoError("error calling eq: incompatible types for comparison");
        return a.equals(b);
    }

    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) return Long.compare(x, y);
        if (a instanceof Double x && b instanceof Double y) return Double.compare(x, y);
        if (a instanceof String x && b instanceof String y) {
            return java.util.Arrays.compareUnsigned(
                    x.getBytes(java.nio.charset.StandardCharsets.UTF_8),
                    y.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
        throw new GoError("incompatible types for comparison: " + type(a) + " and " + type(b));
    }

    static String type(Object value) {
        return switch (value) {
            case Nil n -> "nil";
            case Boolean b -> "bool";
            case Long n -> "int";
            case Double d -> "float64";
            case String s -> "string";
            case List<?> l -> "slice";
            case Map<?, ?> m -> "map";
            case Struct s -> s.type();
            default -> value.getClass().getSimpleName();
        };
    }
}
