package tk.gotemplate;

import tk.error.UnsafeException;
import tk.gotemplate.Node.Command;
import tk.gotemplate.Node.Operand;
import tk.gotemplate.Node.Pipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Executes a template once; bounded, since a template may call itself. */
final class Execution {
    private static final int STEPS = 2_000_000;
    private static final int CHARACTERS = 50_000_000;
    private static final int TEXT = 5_000_000;
    private static final int CHARACTERS_A_STEP = 64;

    /** Of blocks in blocks and of the templates they call, which the stack must hold. */
    private static final int DEPTH = 300;

    /** How a list of nodes ended. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private record Binding(String name, Object[] value) {}

    private final Map<String, List<Node>> templates;
    private final Functions functions;
    private final StringBuilder out = new StringBuilder();
    private List<Binding> variables = new ArrayList<>();
    private int line = 1;
    private int steps;
    private int depth;

    Execution(Map<String, List<Node>> templates, Functions functions) {
        this.templates = templates;
        this.functions = functions;
    }

    int line() {
        return line;
    }

    String run(List<Node> nodes, Object data) {
        bind("$", data);
        run(nodes, data, false);
        return out.toString();
    }

    private Flow run(List<Node> nodes, Object dot, boolean scoped) {
        if (++depth > DEPTH) throw exceeded("nests deeper than " + DEPTH);
        int before = variables.size();
        Flow flow = Flow.NEXT;
        for (int i = 0; i < nodes.size() && flow == Flow.NEXT; i++) {
            step();
            flow = run(nodes.get(i), dot);
        }
        if (scoped) release(before);
        depth--;
        return flow;
    }

    private Flow run(Node node, Object dot) {
        switch (node) {
            case Node.Text(String text) -> write(text);
            case Node.Action(int at, Pipe pipe) -> {
                line = at;
                Object value = value(pipe, dot);
                if (pipe.variables().isEmpty()) write(GoValues.text(value));
            }
            case Node.Branch branch -> {
                line = branch.line();
                int before = variables.size();
                Flow flow =
                        branch.kind() == Node.Kind.RANGE
                                ? range(branch, dot)
                                : condition(branch, dot);
                release(before);
                return flow;
            }
            case Node.Call(int at, String name, var data) -> {
                line = at;
                call(name, data.isPresent() ? value(data.get(), dot) : GoValues.NIL);
            }
            case Node.Break b -> {
                return Flow.BREAK;
            }
            case Node.Continue c -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NEXT;
    }

    private Flow condition(Node.Branch branch, Object dot) {
        Object value = value(branch.pipe(), dot);
        if (GoValues.truth(value)) {
            Object inner = branch.kind() == Node.Kind.WITH ? value : dot;
            return run(branch.body(), inner, true);
        }
        return branch.otherwise().isPresent()
                ? run(branch.otherwise().get(), dot, true)
                : Flow.NEXT;
    }

    private Flow range(Node.Branch branch, Object dot) {
        Pipe pipe = branch.pipe();
        Object value = value(new Pipe(List.of(), false, pipe.commands()), dot);
        List<Map.Entry<Object, Object>> items = items(value);
        if (items.isEmpty()) {
            return branch.otherwise().isPresent()
                    ? run(branch.otherwise().get(), dot, true)
                    : Flow.NEXT;
        }
        for (var item : items) {
            int before = variables.size();
            List<String> names = pipe.variables();
            if (names.size() == 1) set(names.get(0), item.getValue(), pipe.declares());
            if (names.size() == 2) {
                set(names.get(0), item.getKey(), pipe.declares());
                set(names.get(1), item.getValue(), pipe.declares());
            }
            Flow flow = run(branch.body(), item.getValue(), true);
            release(before);
            if (flow == Flow.BREAK) break;
        }
        return Flow.NEXT;
    }

    private List<Map.Entry<Object, Object>> items(Object value) {
        List<Map.Entry<Object, Object>> items = new ArrayList<>();
        switch (value) {
            case GoValues.Nil n -> {}
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) items.add(Map.entry((long) i, list.get(i)));
            }
            case Map<?, ?> map -> {
                Map<String, Object> sorted = new TreeMap<>();
                map.forEach((k, v) -> sorted.put(String.valueOf(k), v));
                sorted.forEach((k, v) -> items.add(Map.entry(k, v)));
            }
            case Long count -> {
                for (long i = 0; i < count; i++) {
                    step();
                    items.add(Map.entry(i, i));
                }
            }
            default -> throw new GoError("range can't iterate over " + GoValues.type(value));
        }
        return items;
    }

    private void call(String name, Object data) {
        List<Node> body = templates.get(name);
        if (body == null) throw new GoError("template \"%s\" not defined".formatted(name));
        List<Binding> outer = variables;
        variables = new ArrayList<>();
        bind("$", data);
        run(body, data, false);
        variables = outer;
    }

    private Object value(Pipe pipe, Object dot) {
        Optional<Object> result = Optional.empty();
        for (Command command : pipe.commands()) result = Optional.of(value(command, dot, result));
        Object value = result.orElseThrow();
        for (String name : pipe.variables()) set(name, value, pipe.declares());
        return value;
    }

    private Object value(Command command, Object dot, Optional<Object> last) {
        step();
        Operand first = command.operands().getFirst();
        List<Operand> rest = command.operands().subList(1, command.operands().size());
        if (first instanceof Node.Function(String name)) {
            if (name.equals("and") || name.equals("or")) return logic(name, rest, dot, last);
            List<Object> arguments = new ArrayList<>();
            for (Operand operand : rest) arguments.add(value(operand, dot));
            last.ifPresent(arguments::add);
            return called(name, arguments);
        }
        if (!rest.isEmpty() || last.isPresent())
            throw new GoError("can't give argument to what is no function");
        return value(first, dot);
    }

    /**
     * A function's value. What it makes may be longer than its arguments, and be an argument again:
     * quoted once more in every call, a text doubles.
     */
    private Object called(String name, List<Object> arguments) {
        long given = 0;
        for (Object argument : arguments) if (argument instanceof String s) given += s.length();
        if (given > TEXT)
            throw exceeded(
                    String.format(Locale.ROOT, "has texts of more than %,d characters", TEXT));
        steps += (int) (given / CHARACTERS_A_STEP);
        return functions.call(name, arguments);
    }

    /** The first argument that decides; those after it are not computed. */
    private Object logic(String name, List<Operand> operands, Object dot, Optional<Object> last) {
        if (operands.isEmpty() && last.isEmpty())
            throw new GoError("wrong number of args for " + name);
        Object value = GoValues.NIL;
        for (Operand operand : operands) {
            value = value(operand, dot);
            if (GoValues.truth(value) == name.equals("or")) return value;
        }
        return last.orElse(value);
    }

    private Object value(Operand operand, Object dot) {
        return switch (operand) {
            case Node.Dot d -> dot;
            case Node.Constant(Object value) -> value;
            case Node.Field(var names) -> fields(dot, names);
            case Node.Variable(String name, var names) -> fields(get(name), names);
            case Node.Chain(Operand target, var names) -> fields(value(target, dot), names);
            case Pipe pipe -> value(pipe, dot);
            case Node.Function(String name) -> called(name, List.of());
        };
    }

    private static Object fields(Object of, List<String> names) {
        Object value = of;
        for (String name : names) {
            value =
                    switch (value) {
                        case Struct struct ->
                                struct.field(name)
                                        .orElseThrow(
                                                () ->
                                                        new GoError(
                                                                "can't evaluate field %s in type %s"
                                                                        .formatted(
                                                                                name,
                                                                                struct.type())));
                        case Map<?, ?> map -> {
                            Object item = map.get(name);
                            yield item == null ? GoValues.NIL : item;
                        }
                        case GoValues.Nil n -> throw new GoError("nil pointer evaluating " + name);
                        default ->
                                throw new GoError(
                                        "can't evaluate field %s in type %s"
                                                .formatted(name, GoValues.type(value)));
                    };
        }
        return value;
    }

    private void bind(String name, Object value) {
        variables.add(new Binding(name, new Object[] {value}));
    }

    private void set(String name, Object value, boolean declares) {
        if (declares) bind(name, value);
        else find(name).value()[0] = value;
    }

    private Object get(String name) {
        return find(name).value()[0];
    }

    private Binding find(String name) {
        for (Binding binding : variables.reversed()) {
            if (binding.name().equals(name)) return binding;
        }
        throw new GoError("undefined variable " + name);
    }

    private void release(int size) {
        while (variables.size() > size) variables.removeLast();
    }

    private void write(String text) {
        if ((long) out.length() + text.length() > CHARACTERS)
            throw exceeded(
                    String.format(Locale.ROOT, "prints more than %,d characters", CHARACTERS));
        out.append(text);
    }

    private void step() {
        if (++steps > STEPS)
            throw exceeded(String.format(Locale.ROOT, "takes more than %,d steps", STEPS));
    }

    private static UnsafeException exceeded(String what) {
        return new UnsafeException("the template " + what, "No real one does.");
    }
}
