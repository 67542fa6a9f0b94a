package tk.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters that go through the items of a value. */
final class ListFilters {
    private final Operators operators;
    private final Lookup lookup;
    private final Filters filters;
    private final Tests tests;

    ListFilters(Operators operators, Filters filters, Tests tests) {
        this.operators = operators;
        this.lookup = new Lookup(operators);
        this.filters = filters;
        this.tests = tests;
    }

    Object apply(String name, Arguments arguments) {
        return switch (name) {
            case "list" -> new ArrayList<>(input(name, arguments));
            case "first" -> first(input(name, arguments), "No first item, sequence was empty.");
            case "last" -> {
                if (value(name, arguments) instanceof Generator)
                    throw new JinjaError("'generator' object is not reversible");
                yield first(input(name, arguments).reversed(), "No last item, sequence was empty.");
            }
            case "reverse" -> {
                Object value = value(name, arguments);
                yield value instanceof String s
                        ? new StringBuilder(s).reverse().toString()
                        : new Generator(operators.items(value).reversed());
            }
            case "join" -> join(arguments);
            case "map" -> map(arguments);
            case "select" -> select(arguments, false, true);
            case "reject" -> select(arguments, false, false);
            case "selectattr" -> select(arguments, true, true);
            case "rejectattr" -> select(arguments, true, false);
            case "sum" -> sum(arguments);
            case "sort" -> {
                var bound = arguments.bind(name, "value", "reverse", "case_sensitive", "attribute");
                List<Object> items = new ArrayList<>(operators.items(bound.required("value")));
                Comparator<Object> order = order(bound);
                boolean reverse = Operators.truth(bound.get("reverse", false));
                items.sort(reverse ? order.reversed() : order);
                yield items;
            }
            case "unique" -> unique(arguments);
            case "min", "max" -> {
                var bound = arguments.bind(name, "value", "case_sensitive", "attribute");
                List<Object> items = operators.items(bound.required("value"));
                if (items.isEmpty()) yield new Undefined("No aggregated item, sequence was empty.");
                yield name.equals("min")
                        ? Collections.min(items, order(bound))
                        : Collections.max(items, order(bound));
            }
            case "groupby" -> groups(arguments);
            case "dictsort" -> dictsort(arguments);
            case "batch" -> batch(arguments);
            case "slice" -> slices(arguments);
            default -> throw new IllegalStateException(name);
        };
    }

    private static Object value(String name, Arguments arguments) {
        return arguments.bind(name, "value").required("value");
    }

    private List<Object> input(String name, Arguments arguments) {
        return operators.items(value(name, arguments));
    }

    private static Object first(List<Object> items, String message) {
        return items.isEmpty() ? new Undefined(message) : items.getFirst();
    }

    /** What {@code attribute=} asks for: names and places with dots between. */
    private UnaryOperator<Object> getter(Optional<Object> attribute) {
        if (attribute.isEmpty()) return item -> item;
        List<Object> path = new ArrayList<>();
        if (attribute.get() instanceof String text) {
            for (Object part : PythonStrings.split(text, ".", -1))
                path.add(
                        part instanceof String s && s.matches("\\d{1,9}") ? Long.valueOf(s) : part);
        } else {
            path.add(attribute.get());
        }
        return item -> {
            Object at = item;
            for (Object part : path) at = lookup.item(at, part);
            return at;
        };
    }

    private Object join(Arguments arguments) {
        var bound = arguments.bind("join", "value", "d", "attribute");
        UnaryOperator<Object> getter = getter(bound.optional("attribute"));
        Object separator = bound.get("d", "");
        List<Object> parts = new ArrayList<>();
        for (Object item : operators.items(bound.required("value"))) {
            if (!parts.isEmpty()) parts.add(separator);
            parts.add(operators.str(getter.apply(item)));
        }
        return operators.concatenated(parts);
    }

    private Object map(Arguments arguments) {
        List<Object> items = itemsIfAny(first(arguments));
        Arguments rest = arguments.from(1);
        List<Object> out = new ArrayList<>();
        if (rest.positional().isEmpty() && rest.named().containsKey("attribute")) {
            var bound = rest.bind("map", "attribute", "default");
            UnaryOperator<Object> getter = getter(bound.optional("attribute"));
            for (Object item : items) {
                Object found = getter.apply(item);
                out.add(
                        found instanceof Undefined
                                ? bound.optional("default").orElse(found)
                                : found);
            }
        } else {
            if (rest.positional().isEmpty()) throw new JinjaError("map requires a filter argument");
            String filter = operators.str(rest.positional().getFirst());
            for (Object item : items) out.add(filters.apply(filter, rest.from(1).after(item)));
        }
        return new Generator(out);
    }

    private static Object first(Arguments arguments) {
        if (arguments.positional().isEmpty()) throw new JinjaError("a filter without input");
        return arguments.positional().getFirst();
    }

    /** Whatever is false has no items, though it be no list. */
    private List<Object> itemsIfAny(Object value) {
        return Operators.truth(value) ? operators.items(value) : List.of();
    }

    private Object select(Arguments arguments, boolean byAttribute, boolean wanted) {
        List<Object> items = itemsIfAny(first(arguments));
        Arguments rest = arguments.from(1);
        UnaryOperator<Object> getter = item -> item;
        if (byAttribute) {
            if (rest.positional().isEmpty())
                throw new JinjaError("Missing parameter for attribute name");
            getter = getter(Optional.of(rest.positional().getFirst()));
            rest = rest.from(1);
        }
        Predicate<Object> test = Operators::truth;
        if (!rest.positional().isEmpty()) {
            String name = operators.str(rest.positional().getFirst());
            Arguments parameters = rest.from(1);
            test = value -> tests.passes(name, value, parameters);
        }
        List<Object> out = new ArrayList<>();
        for (Object item : items) {
            operators.budget().step();
            if (test.test(getter.apply(item)) == wanted) out.add(item);
        }
        return new Generator(out);
    }

    private Object sum(Arguments arguments) {
        var bound = arguments.bind("sum", "iterable", "attribute", "start");
        UnaryOperator<Object> getter = getter(bound.optional("attribute"));
        Object total = bound.get("start", 0L);
        for (Object item : operators.items(bound.required("iterable")))
            total = operators.arithmetic("+", total, getter.apply(item));
        return total;
    }

    private Comparator<Object> order(Arguments.Bound bound) {
        boolean exact = Operators.truth(bound.get("case_sensitive", false));
        Object attribute = bound.get("attribute", None.NONE);
        List<UnaryOperator<Object>> getters = new ArrayList<>();
        if (attribute instanceof String text) {
            for (Object part : PythonStrings.split(text, ",", -1))
                getters.add(getter(Optional.of(part)));
        } else {
            getters.add(getter(bound.optional("attribute")));
        }
        return (a, b) -> {
            for (UnaryOperator<Object> getter : getters) {
                int order =
                        operators.compare(
                                key(getter.apply(a), exact), key(getter.apply(b), exact), "<");
                if (order != 0) return order;
            }
            return 0;
        };
    }

    private static Object key(Object value, boolean exact) {
        return !exact && value instanceof String s ? s.toLowerCase(Locale.ROOT) : value;
    }

    private Object unique(Arguments arguments) {
        var bound = arguments.bind("unique", "value", "case_sensitive", "attribute");
        boolean exact = Operators.truth(bound.get("case_sensitive", false));
        UnaryOperator<Object> getter = getter(bound.optional("attribute"));
        List<Object> seen = new ArrayList<>();
        List<Object> out = new ArrayList<>();
        for (Object item : operators.items(bound.required("value"))) {
            Object key = key(getter.apply(item), exact);
            if (operators.contains(seen, key)) continue;
            seen.add(key);
            out.add(item);
        }
        return new Generator(out);
    }

    private Object groups(Arguments arguments) {
        var bound = arguments.bind("groupby", "value", "attribute", "default", "case_sensitive");
        boolean exact = Operators.truth(bound.get("case_sensitive", false));
        UnaryOperator<Object> getter = getter(bound.optional("attribute"));
        Object otherwise = bound.get("default", None.NONE);
        UnaryOperator<Object> grouper =
                item -> {
                    Object found = getter.apply(item);
                    return found instanceof Undefined && otherwise != None.NONE ? otherwise : found;
                };
        List<Object> items = new ArrayList<>(operators.items(bound.required("value")));
        items.sort(
                (a, b) ->
                        operators.compare(
                                key(grouper.apply(a), exact), key(grouper.apply(b), exact), "<"));
        List<Object> out = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            group.add(items.get(i));
            Object key = grouper.apply(items.get(i));
            boolean ends =
                    i + 1 == items.size()
                            || !operators.equal(
                                    key(key, exact), key(grouper.apply(items.get(i + 1)), exact));
            if (ends) {
                out.add(new Tuple(List.of(grouper.apply(group.getFirst()), group)));
                group = new ArrayList<>();
            }
        }
        return out;
    }

    private Object dictsort(Arguments arguments) {
        var bound = arguments.bind("dictsort", "value", "case_sensitive", "by", "reverse");
        if (!(bound.required("value") instanceof Map<?, ?> map))
            throw new JinjaError("dictsort needs a mapping");
        boolean exact = Operators.truth(bound.get("case_sensitive", false));
        int by =
                switch (bound.text("by", "key")) {
                    case "key" -> 0;
                    case "value" -> 1;
                    default -> throw new JinjaError("You can only sort by either 'key' or 'value'");
                };
        List<Object> pairs = new ArrayList<>(Lookup.pairs(map).items());
        Comparator<Object> order =
                (a, b) ->
                        operators.compare(
                                key(operators.items(a).get(by), exact),
                                key(operators.items(b).get(by), exact),
                                "<");
        pairs.sort(Operators.truth(bound.get("reverse", false)) ? order.reversed() : order);
        return pairs;
    }

    private Object batch(Arguments arguments) {
        var bound = arguments.bind("batch", "value", "linecount", "fill_with");
        long count = bound.whole("linecount", 1);
        if (count < 1 || count > 100_000) throw new JinjaError("batch of " + count);
        List<Object> out = new ArrayList<>();
        List<Object> line = new ArrayList<>();
        for (Object item : operators.items(bound.required("value"))) {
            if (line.size() == count) {
                out.add(line);
                line = new ArrayList<>();
            }
            line.add(item);
        }
        if (!line.isEmpty()) {
            Optional<Object> fill = bound.optional("fill_with");
            while (fill.isPresent() && line.size() < count) line.add(fill.get());
            out.add(line);
        }
        return new Generator(out);
    }

    private Object slices(Arguments arguments) {
        var bound = arguments.bind("slice", "value", "slices", "fill_with");
        List<Object> items = operators.items(bound.required("value"));
        long count = bound.whole("slices", 1);
        if (count < 1 || count > 100_000) throw new JinjaError("slices: " + count);
        int each = (int) (items.size() / count);
        int longer = (int) (items.size() % count);
        List<Object> out = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + each + (i < longer ? 1 : 0);
            List<Object> part = new ArrayList<>(items.subList(from, to));
            if (i >= longer) bound.optional("fill_with").ifPresent(part::add);
            out.add(part);
            from = to;
        }
        return new Generator(out);
    }
}
