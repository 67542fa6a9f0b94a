package tk.jinja;

import tk.jinja.Statement.Parameter;
import tk.jinja.Statement.Target;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Carries out statements. */
final class Interpreter {
    /** How a list of statements ended. */
    private enum Flow {
        NEXT,
        BREAK,
        CONTINUE
    }

    private final Evaluator evaluator;
    private final Operators operators;
    private int line = 1;

    Interpreter(Evaluator evaluator) {
        this.evaluator = evaluator;
        this.operators = evaluator.operators();
    }

    /** Of the statement that was begun last. */
    int line() {
        return line;
    }

    String run(List<Statement> statements, Scope scope) {
        StringBuilder out = new StringBuilder();
        run(statements, scope, out);
        return out.toString();
    }

    private Flow run(List<Statement> statements, Scope scope, StringBuilder out) {
        for (Statement statement : statements) {
            operators.budget().step();
            line = statement.line();
            operators.budget().enter();
            Flow flow = run(statement, scope, out);
            operators.budget().leave();
            if (flow != Flow.NEXT) return flow;
        }
        return Flow.NEXT;
    }

    private Flow run(Statement statement, Scope scope, StringBuilder out) {
        switch (statement) {
            case Statement.Text(int l, String text) -> write(text, out);
            case Statement.Output(int l, Expression value) ->
                    write(operators.str(evaluator.value(value, scope)), out);
            case Statement.If(int l, var branches, var otherwise) -> {
                for (Statement.Branch branch : branches) {
                    if (evaluator.truth(branch.test(), scope))
                        return run(branch.body(), scope, out);
                }
                return run(otherwise, scope, out);
            }
            case Statement.For loop ->
                    forEach(loop, evaluator.value(loop.iterable(), scope), scope, 0, out);
            case Statement.Set(int l, Target target, Expression value) ->
                    assign(target, evaluator.value(value, scope), scope);
            case Statement.SetBlock(int l, Target target, var filter, var body) -> {
                String text = run(body, scope.inner());
                Object value =
                        filter.isPresent() ? evaluator.filtered(filter.get(), text, scope) : text;
                assign(target, value, scope);
            }
            case Statement.Macro(int l, String name, var parameters, var body) ->
                    scope.set(name, macro(name, parameters, body, scope));
            case Statement.CallBlock(int l, var parameters, var call, var body) -> {
                Function caller = macro("caller", parameters, body, scope);
                Arguments arguments = evaluator.arguments(call.arguments(), scope);
                Map<String, Object> named = new java.util.LinkedHashMap<>(arguments.named());
                named.put("caller", caller);
                Object target = evaluator.value(call.target(), scope);
                Object result =
                        evaluator.call(target, new Arguments(arguments.positional(), named));
                write(operators.str(result), out);
            }
            case Statement.FilterBlock(int l, var filter, var body) -> {
                String text = run(body, scope.inner());
                write(operators.str(evaluator.filtered(filter, text, scope)), out);
            }
            case Statement.With(int l, var variables, var body) -> {
                Scope inner = scope.inner();
                for (Statement.Set variable : variables)
                    assign(variable.target(), evaluator.value(variable.value(), scope), inner);
                return run(body, inner, out);
            }
            case Statement.Generation(int l, var body) -> run(body, scope.inner(), out);
            case Statement.Break(int l) -> {
                return Flow.BREAK;
            }
            case Statement.Continue(int l) -> {
                return Flow.CONTINUE;
            }
        }
        return Flow.NEXT;
    }

    private void write(String text, StringBuilder out) {
        operators.budget().size(text.length());
        out.append(text);
    }

    private void forEach(
            Statement.For loop, Object iterable, Scope scope, int depth, StringBuilder out) {
        LoopItems items =
                new LoopItems(
                        operators.items(iterable),
                        item -> {
                            if (loop.test().isEmpty()) return true;
                            Scope inner = scope.inner();
                            assign(loop.target(), item, inner);
                            return evaluator.truth(loop.test().get(), inner);
                        });
        if (!items.has(0)) {
            run(loop.otherwise(), scope.inner(), out);
            return;
        }
        LoopContext context =
                new LoopContext(
                        items,
                        depth,
                        operators,
                        arguments -> {
                            if (!loop.recursive())
                                throw new JinjaError(
                                        "The loop must have the 'recursive' marker to be called recursively.");
                            Object inner = arguments.bind("loop", "iterable").required("iterable");
                            StringBuilder text = new StringBuilder();
                            forEach(loop, inner, scope, depth + 1, text);
                            return text.toString();
                        });
        for (int i = 0; items.has(i); i++) {
            operators.budget().step();
            context.moveTo(i);
            Scope inner = scope.inner();
            inner.set("loop", context);
            assign(loop.target(), items.get(i), inner);
            if (run(loop.body(), inner, out) == Flow.BREAK) return;
        }
    }

    private void assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Statement.NameTarget(String name) -> scope.set(name, value);
            case Statement.AttributeTarget(String name, String attribute) -> {
                if (!(scope.get(name) instanceof Namespace namespace))
                    throw new JinjaError("cannot assign attribute on non-namespace object");
                namespace.set(attribute, value);
            }
            case Statement.TupleTarget(List<Target> targets) -> {
                List<Object> values = operators.items(value);
                if (values.size() != targets.size()) {
                    throw new JinjaError(
                            "expected %d values to unpack, got %d"
                                    .formatted(targets.size(), values.size()));
                }
                for (int i = 0; i < targets.size(); i++)
                    assign(targets.get(i), values.get(i), scope);
            }
        }
    }

    private Function macro(
            String name, List<Parameter> parameters, List<Statement> body, Scope scope) {
        return arguments -> {
            Scope inner = scope.inner();
            Map<String, Object> named = new java.util.LinkedHashMap<>(arguments.named());
            List<Object> positional = arguments.positional();
            for (int i = 0; i < parameters.size(); i++) {
                Parameter parameter = parameters.get(i);
                Optional<Object> given = Optional.ofNullable(named.remove(parameter.name()));
                if (i < positional.size()) {
                    if (given.isPresent())
                        throw new JinjaError(
                                "macro '%s' takes '%s' twice".formatted(name, parameter.name()));
                    given = Optional.of(positional.get(i));
                }
                Object value =
                        given.orElseGet(
                                () ->
                                        parameter
                                                .otherwise()
                                                .map(e -> evaluator.value(e, inner))
                                                .orElseGet(
                                                        () ->
                                                                new Undefined(
                                                                        "parameter '%s' was not provided"
                                                                                .formatted(
                                                                                        parameter
                                                                                                .name()))));
                inner.set(parameter.name(), value);
            }
            inner.set(
                    "caller",
                    Optional.ofNullable(named.remove("caller")).orElse(Undefined.name("caller")));
            List<Object> rest =
                    positional.subList(
                            Math.min(parameters.size(), positional.size()), positional.size());
            boolean takesAll = mentions(body, "varargs") || rest.isEmpty();
            if (!takesAll) {
                throw new JinjaError(
                        "macro '%s' takes not more than %d argument(s)"
                                .formatted(name, parameters.size()));
            }
            if (!named.isEmpty() && !mentions(body, "kwargs")) {
                throw new JinjaError(
                        "macro '%s' takes no keyword argument '%s'"
                                .formatted(name, named.keySet().iterator().next()));
            }
            inner.set("varargs", new Tuple(rest));
            inner.set("kwargs", named);
            int before = line;
            String text = run(body, inner);
            line = before;
            return text;
        };
    }

    /** Whether a macro's body uses the name, so that it takes arguments without parameters. */
    private static boolean mentions(List<Statement> body, String name) {
        return body.toString().contains("Name[name=" + name + "]");
    }
}
