package tk.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Attributes, items and slices. The only attributes are the methods listed here and in {@link
 * StringMethods}; whatever changes a value is refused, as by jinja2's immutable sandbox.
 */
final class Lookup {
    private static final Set<String> MUTATORS =
            Set.of(
                    "append",
                    "clear",
                    "extend",
                    "insert",
                    "pop",
                    "popitem",
                    "remove",
                    "reverse",
                    "setdefault",
                    "sort",
                    "update");

    private final Operators operators;

    Lookup(Operators operators) {
        this.operators = operators;
    }

    /** {@code target.name}: an attribute, else the item of that name. */
    Object attribute(Object target, String name) {
        if (target instanceof Undefined u) throw u.failure();
        return method(target, name)
                .or(() -> get(target, name))
                .orElseGet(() -> missing(target, name));
    }

    /** The attribute of that name; an item of that name is none. */
    Object attributeOnly(Object target, String name) {
        if (target instanceof Undefined u) throw u.failure();
        return method(target, name).orElseGet(() -> missing(target, name));
    }

    /** {@code target[index]}: an item, else the attribute of that name. */
    Object item(Object target, Object index) {
        if (target instanceof Undefined u) throw u.failure();
        Optional<Object> found = get(target, index);
        if (found.isPresent()) return found.get();
        if (index instanceof String name)
            return method(target, name).orElseGet(() -> missing(target, name));
        return missing(target, index);
    }

    private Undefined missing(Object target, Object name) {
        return new Undefined(
                "'%s object' has no %s %s"
                        .formatted(
                                Types.name(target),
                                name instanceof String ? "attribute" : "element",
                                operators.repr(name)));
    }

    private Optional<Object> get(Object target, Object index) {
        return switch (target) {
            case Map<?, ?> map ->
                    operators.hashable(index)
                            ? Optional.ofNullable(map.get(index))
                            : Optional.empty();
            case LoopContext loop ->
                    index instanceof String name ? loop.attribute(name) : Optional.empty();
            case List<?> list -> place(index, list.size()).map(list::get);
            case Tuple(var items) -> place(index, items.size()).map(items::get);
            case String s -> place(index, PythonStrings.length(s)).map(i -> PythonStrings.at(s, i));
            default -> Optional.empty();
        };
    }

    private static Optional<Integer> place(Object index, int length) {
        if (!(index instanceof Long) && !(index instanceof Boolean)) return Optional.empty();
        long at = Operators.asLong(index);
        if (at < 0) at += length;
        return at >= 0 && at < length ? Optional.of((int) at) : Optional.empty();
    }

    private Optional<Object> method(Object target, String name) {
        if (name.startsWith("_")) return Optional.of(unsafe(target, name));
        return switch (target) {
            case Namespace namespace -> Optional.of(namespace.get(name));
            case LoopContext loop -> loop.attribute(name);
            case Cycler cycler -> cycler.attribute(name);
            case String text -> new StringMethods(operators).method(text, name);
            case Map<?, ?> map -> mapMethod(map, name);
            case Range r -> Optional.empty();
            case List<?> list -> {
                if (MUTATORS.contains(name)) yield Optional.of(unsafe(list, name));
                yield name.equals("copy")
                        ? Optional.of((Function) a -> new ArrayList<>(list))
                        : sequenceMethod(list, name);
            }
            case Tuple(var items) -> sequenceMethod(items, name);
            default -> Optional.empty();
        };
    }

    private static Undefined unsafe(Object target, String name) {
        return new Undefined(
                "access to attribute '%s' of '%s' object is unsafe."
                        .formatted(name, Types.name(target)));
    }

    private Optional<Object> mapMethod(Map<?, ?> map, String name) {
        if (MUTATORS.contains(name)
                && Set.of("clear", "pop", "popitem", "setdefault", "update").contains(name))
            return Optional.of(unsafe(map, name));
        Function method =
                switch (name) {
                    case "items" -> a -> pairs(map);
                    case "keys" -> a -> new View("dict_keys", new ArrayList<>(map.keySet()));
                    case "values" -> a -> new View("dict_values", new ArrayList<>(map.values()));
                    case "copy" -> a -> new java.util.LinkedHashMap<Object, Object>(map);
                    case "get" ->
                            a -> {
                                var bound = a.bind("get", "key", "default");
                                Object value = map.get(operators.key(bound.required("key")));
                                return value != null ? value : bound.get("default", None.NONE);
                            };
                    default -> null;
                };
        return Optional.ofNullable(method);
    }

    /** The pairs of key and value. */
    static View pairs(Map<?, ?> map) {
        List<Object> pairs = new ArrayList<>();
        map.forEach((key, value) -> pairs.add(new Tuple(List.of(key, value))));
        return new View("dict_items", pairs);
    }

    private Optional<Object> sequenceMethod(List<?> items, String name) {
        Function method =
                switch (name) {
                    case "index" ->
                            a -> {
                                Object sought = a.bind("index", "value").required("value");
                                for (int i = 0; i < items.size(); i++)
                                    if (operators.equal(items.get(i), sought)) return (long) i;
                                throw new JinjaError(operators.repr(sought) + " is not in list");
                            };
                    case "count" ->
                            a -> {
                                Object sought = a.bind("count", "value").required("value");
                                return items.stream()
                                        .filter(item -> operators.equal(item, sought))
                                        .count();
                            };
                    default -> null;
                };
        return Optional.ofNullable(method);
    }

    /** {@code target[start:stop:step]}. */
    Object slice(Object target, Optional<Long> start, Optional<Long> stop, Optional<Long> by) {
        long step = by.orElse(1L);
        if (step == 0) throw new JinjaError("slice step cannot be zero");
        return switch (target) {
            case Undefined u -> throw u.failure();
            case String s -> {
                int length = PythonStrings.length(s);
                int from = clamp(start, length, step, step > 0 ? 0 : length - 1L);
                int to = clamp(stop, length, step, step > 0 ? length : -1L);
                operators.budget().size(s.length());
                if (step == 1) yield PythonStrings.slice(s, from, to);
                StringBuilder out = new StringBuilder();
                int[] points = s.codePoints().toArray();
                for (long i = from; step > 0 ? i < to : i > to; i += step)
                    out.appendCodePoint(points[(int) i]);
                yield out.toString();
            }
            case List<?> list -> slice(list, start, stop, step);
            case Tuple(var items) -> new Tuple(slice(items, start, stop, step));
            default ->
                    throw new JinjaError(
                            "'%s' object cannot be sliced".formatted(Types.name(target)));
        };
    }

    private List<Object> slice(List<?> list, Optional<Long> start, Optional<Long> stop, long step) {
        int from = clamp(start, list.size(), step, step > 0 ? 0 : list.size() - 1L);
        int to = clamp(stop, list.size(), step, step > 0 ? list.size() : -1L);
        operators.budget().size(list.size());
        List<Object> out = new ArrayList<>();
        for (long i = from; step > 0 ? i < to : i > to; i += step) out.add(list.get((int) i));
        return out;
    }

    private static int clamp(Optional<Long> bound, int length, long step, long otherwise) {
        if (bound.isEmpty()) return (int) otherwise;
        long at = bound.get();
        if (at < 0) at = Math.max(at + length, step > 0 ? 0 : -1);
        return (int) Math.min(at, step > 0 ? length : length - 1L);
    }
}
