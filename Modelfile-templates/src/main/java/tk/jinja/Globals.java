package tk.jinja;

import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The functions that every chat template can call. */
final class Globals {
    private Globals() {}

    static Map<String, Object> of(Operators operators, Supplier<LocalDateTime> now) {
        Map<String, Object> globals = new LinkedHashMap<>();
        globals.put(
                "raise_exception",
                (Function)
                        a -> {
                            throw new JinjaError.Raised(
                                    operators.str(
                                            a.bind("raise_exception", "message")
                                                    .required("message")));
                        });
        globals.put(
                "strftime_now",
                (Function)
                        a ->
                                Strftime.format(
                                        now.get(),
                                        a.bind("strftime_now", "format").text("format", "")));
        globals.put("range", (Function) Globals::range);
        globals.put("dict", (Function) a -> dict(operators, a));
        globals.put(
                "namespace",
                (Function)
                        a -> {
                            Namespace namespace = new Namespace();
                            dict(operators, a)
                                    .forEach((k, v) -> namespace.set(operators.str(k), v));
                            return namespace;
                        });
        globals.put("joiner", (Function) a -> joiner(a.bind("joiner", "sep").get("sep", ", ")));
        globals.put("cycler", (Function) a -> new Cycler(a.positional()));
        return globals;
    }

    private static Object range(Arguments arguments) {
        List<Object> values = arguments.positional();
        for (Object value : values) Operators.asLong(value);
        return switch (values.size()) {
            case 1 -> new Range(0, Operators.asLong(values.get(0)), 1);
            case 2 ->
                    new Range(Operators.asLong(values.get(0)), Operators.asLong(values.get(1)), 1);
            case 3 ->
                    new Range(
                            Operators.asLong(values.get(0)),
                            Operators.asLong(values.get(1)),
                            Operators.asLong(values.get(2)));
            default -> throw new JinjaError("range expected 1 to 3 arguments");
        };
    }

    private static Map<Object, Object> dict(Operators operators, Arguments arguments) {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (Object from : arguments.positional()) {
            if (from instanceof Map<?, ?> other) {
                map.putAll(other);
                continue;
            }
            for (Object pair : operators.items(from)) {
                List<Object> two = operators.items(pair);
                if (two.size() != 2) throw new JinjaError("dictionary update sequence needs pairs");
                map.put(operators.key(two.get(0)), two.get(1));
            }
        }
        map.putAll(arguments.named());
        return map;
    }

    private static Function joiner(Object separator) {
        boolean[] used = {false};
        return a -> {
            Object text = used[0] ? separator : "";
            used[0] = true;
            return text;
        };
    }
}
