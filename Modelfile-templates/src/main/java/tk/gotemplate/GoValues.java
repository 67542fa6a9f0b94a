package tk.gotemplate;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

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
            case Printed p -> p.text();
            case String s -> s;
            case Boolean b -> b.toString();
            case Long n -> n.toString();
            case Double d -> GoNumbers.printed(d);
            case List<?> list ->
                    "[" + list.stream().map(GoValues::inner).collect(Collectors.joining(" ")) + "]";
            case Map<?, ?> map -> {
                Map<String, Object> sorted = new TreeMap<>();
                map.forEach((k, v) -> sorted.put(String.valueOf(k), v));
                yield sorted.entrySet().stream()
                        .map(member -> member.getKey() + ":" + inner(member.getValue()))
                        .collect(Collectors.joining(" ", "map[", "]"));
            }
            default ->
                    throw new tk.error.UnsupportedException(
                            "a template prints a whole " + type(value),
                            "Print its fields, or as JSON: {{ json . }}.");
        };
    }

    private static String inner(Object value) {
        return value == NIL ? "<nil>" : text(value);
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
