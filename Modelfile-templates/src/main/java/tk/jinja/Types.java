package tk.jinja;

import java.util.List;
import java.util.Map;

/** The Python types of values, by name. */
final class Types {
    private Types() {}

    static String name(Object value) {
        return switch (value) {
            case None n -> "NoneType";
            case Boolean b -> "bool";
            case Long n -> "int";
            case Double d -> "float";
            case String s -> "str";
            case Tuple t -> "tuple";
            case Range r -> "range";
            case List<?> l -> "list";
            case Map<?, ?> m -> "dict";
            case View(String kind, var items) -> kind;
            case Generator g -> "generator";
            case Undefined u -> "Undefined";
            case Namespace n -> "Namespace";
            default -> "function";
        };
    }

    /** Whether it is an int, a bool or a float. */
    static boolean isNumber(Object value) {
        return value instanceof Long || value instanceof Double || value instanceof Boolean;
    }
}
