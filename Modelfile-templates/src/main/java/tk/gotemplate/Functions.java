package tk.gotemplate;

import tk.error.UnsupportedException;

import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/** Go's built-in functions and Ollama's; {@code and} and {@code or} are the execution's own. */
final class Functions {
    static final Set<String> NAMES =
            Set.of(
                    "and",
                    "call",
                    "currentDate",
                    "eq",
                    "ge",
                    "gt",
                    "html",
                    "index",
                    "js",
                    "json",
                    "le",
                    "len",
                    "lt",
                    "ne",
                    "not",
                    "or",
                    "print",
                    "printf",
                    "println",
                    "slice",
                    "toTypeScriptType",
                    "urlquery",
                    "yesterdayDate");

    private final Supplier<LocalDate> today;

    Functions(Supplier<LocalDate> today) {
        this.today = today;
    }

    Object call(String name, List<Object> arguments) {
        return switch (name) {
            case "eq" -> {
                arity(name, arguments, 2, Integer.MAX_VALUE);
                Object first = arguments.getFirst();
                boolean equal = false;
                for (Object other : arguments.subList(1, arguments.size()))
                    equal |= GoValues.equal(first, other);
                yield equal;
            }
            case "ne" -> {
                arity(name, arguments, 2, 2);
                yield !GoValues.equal(arguments.get(0), arguments.get(1));
            }
            case "lt", "le", "gt", "ge" -> {
                arity(name, arguments, 2, 2);
                int order = GoValues.compare(arguments.get(0), arguments.get(1));
                yield switch (name) {
                    case "lt" -> order < 0;
                    case "le" -> order <= 0;
                    case "gt" -> order > 0;
                    default -> order >= 0;
                };
            }
            case "not" -> {
                arity(name, arguments, 1, 1);
                yield !GoValues.truth(arguments.getFirst());
            }
            case "len" -> {
                arity(name, arguments, 1, 1);
                yield length(arguments.getFirst());
            }
            case "index" -> {
                arity(name, arguments, 1, Integer.MAX_VALUE);
                Object value = arguments.getFirst();
                for (Object index : arguments.subList(1, arguments.size()))
                    value = index(value, index);
                yield value;
            }
            case "slice" -> {
                arity(name, arguments, 1, 3);
                yield slice(arguments);
            }
            case "print" -> print(arguments);
            case "println" ->
                    String.join(" ", arguments.stream().map(GoValues::text).toList()) + "\n";
            case "printf" -> {
                arity(name, arguments, 1, Integer.MAX_VALUE);
                yield printf(arguments);
            }
            case "json" -> {
                arity(name, arguments, 1, 1);
                yield GoJson.of(arguments.getFirst());
            }
            case "toTypeScriptType" -> {
                arity(name, arguments, 1, 1);
                yield TypeScript.of(arguments.getFirst());
            }
            case "currentDate" -> today.get().toString();
            case "yesterdayDate" -> today.get().minusDays(1).toString();
            default ->
                    throw new UnsupportedException(
                            "a template calls %s, which tk does not know".formatted(name));
        };
    }

    static void arity(String name, List<Object> arguments, int least, int most) {
        if (arguments.size() < least || arguments.size() > most) {
            throw new GoError("wrong number of args for %s: %d".formatted(name, arguments.size()));
        }
    }

    private static Object length(Object value) {
        return switch (value) {
            case String s -> (long) s.getBytes(StandardCharsets.UTF_8).length;
            case List<?> l -> (long) l.size();
            case Map<?, ?> m -> (long) m.size();
            default -> throw new GoError("error calling len: len of type " + GoValues.type(value));
        };
    }

    private static Object index(Object value, Object index) {
        return switch (value) {
            case Map<?, ?> map -> {
                Object found = map.get(index);
                yield found == null ? GoValues.NIL : found;
            }
            case List<?> list -> list.get(place(index, list.size() - 1L));
            case String s -> {
                byte[] bytes = s.getBytes(StandardCharsets.UTF_8);
                yield (long) (bytes[place(index, bytes.length - 1L)] & 0xff);
            }
            default ->
                    throw new GoError("error calling index: can't index " + GoValues.type(value));
        };
    }

    private static int place(Object index, long most) {
        if (!(index instanceof Long at))
            throw new GoError("cannot index with type " + GoValues.type(index));
        if (at < 0 || at > most) throw new GoError("index out of range: " + at);
        return Math.toIntExact(at);
    }

    private static Object slice(List<Object> arguments) {
        Object value = arguments.getFirst();
        byte[] bytes = value instanceof String s ? s.getBytes(StandardCharsets.UTF_8) : new byte[0];
        int length =
                switch (value) {
                    case String s -> bytes.length;
                    case List<?> l -> l.size();
                    default ->
                            throw new GoError(
                                    "error calling slice: can't slice " + GoValues.type(value));
                };
        int from = arguments.size() > 1 ? place(arguments.get(1), length) : 0;
        int to = arguments.size() > 2 ? place(arguments.get(2), length) : length;
        if (from > to) throw new GoError("invalid slice index: %d > %d".formatted(from, to));
        return value instanceof List<?> list
                ? list.subList(from, to)
                : new String(Arrays.copyOfRange(bytes, from, to), StandardCharsets.UTF_8);
    }

    /** {@code fmt.Sprint}: a space between two neighbours of which neither is a string. */
    private static String print(List<Object> arguments) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < arguments.size(); i++) {
            boolean spaced =
                    i > 0
                            && !(arguments.get(i) instanceof String)
                            && !(arguments.get(i - 1) instanceof String);
            out.append(spaced ? " " : "").append(GoValues.text(arguments.get(i)));
        }
        return out.toString();
    }

    private static String printf(List<Object> arguments) {
        if (!(arguments.getFirst() instanceof String format))
            throw new GoError("printf needs a format");
        List<Object> values = new ArrayList<>(arguments.subList(1, arguments.size()));
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%') {
                out.append(c);
                continue;
            }
            char verb = ++i < format.length() ? format.charAt(i) : ' ';
            if (verb == '%') {
                out.append('%');
                continue;
            }
            if (values.isEmpty()) throw new GoError("printf: too few values");
            Object value = values.removeFirst();
            boolean fits =
                    switch (verb) {
                        case 'v' -> true;
                        case 's' -> value instanceof String;
                        case 'd' -> value instanceof Long;
                        case 't' -> value instanceof Boolean;
                        default -> false;
                    };
            if (!fits) {
                throw new UnsupportedException(
                        "a template formats a %s with %%%c, which tk does not do"
                                .formatted(GoValues.type(value), verb));
            }
            out.append(GoValues.text(value));
        }
        if (!values.isEmpty()) throw new GoError("printf: too many values");
        return out.toString();
    }
}
