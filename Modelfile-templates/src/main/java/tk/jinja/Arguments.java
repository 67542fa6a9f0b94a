package tk.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arguments of a call.
 *
 * @param positional in order
 * @param named by keyword
 */
record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(Object... positional) {
        return new Arguments(List.of(positional), Map.of());
    }

    /** The same with a value before all others, as filters and tests get theirs. */
    Arguments after(Object first) {
        List<Object> all = new ArrayList<>(positional.size() + 1);
        all.add(first);
        all.addAll(positional);
        return new Arguments(all, named);
    }

    /** Without the first so many positional ones. */
    Arguments from(int index) {
        return new Arguments(
                positional.subList(Math.min(index, positional.size()), positional.size()), named);
    }

    /** Matches them with the names of a function's parameters. */
    Bound bind(String function, String... parameters) {
        if (positional.size() > parameters.length) {
            throw new JinjaError(
                    "%s() takes at most %d arguments, %d given"
                            .formatted(function, parameters.length, positional.size()));
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < positional.size(); i++) values.put(parameters[i], positional.get(i));
        for (var argument : named.entrySet()) {
            if (!List.of(parameters).contains(argument.getKey())) {
                throw new JinjaError(
                        "%s() got an unexpected keyword argument '%s'"
                                .formatted(function, argument.getKey()));
            }
            if (values.put(argument.getKey(), argument.getValue()) != null) {
                throw new JinjaError(
                        "%s() got multiple values for argument '%s'"
                                .formatted(function, argument.getKey()));
            }
        }
        return new Bound(function, values);
    }

    /** Arguments by the names of the parameters. */
    record Bound(String function, Map<String, Object> values) {
        Object required(String name) {
            Object value = values.get(name);
            if (value == null) {
                throw new JinjaError(
                        "%s() missing required argument: '%s'".formatted(function, name));
            }
            return value;
        }

        Object get(String name, Object otherwise) {
            return values.getOrDefault(name, otherwise);
        }

        /** The argument, unless it is missing or None. */
        Optional<Object> optional(String name) {
            return Optional.ofNullable(values.get(name)).filter(v -> v != None.NONE);
        }

        String text(String name, String otherwise) {
            Object value = get(name, otherwise);
            if (value instanceof String text) return text;
            throw new JinjaError(
                    "%s(): argument '%s' must be a string, not %s"
                            .formatted(function, name, Types.name(value)));
        }

        long whole(String name, long otherwise) {
            Object value = get(name, otherwise);
            if (value instanceof Boolean b) return b ? 1 : 0;
            if (value instanceof Long number) return number;
            throw new JinjaError(
                    "%s(): argument '%s' must be an integer, not %s"
                            .formatted(function, name, Types.name(value)));
        }
    }
}
