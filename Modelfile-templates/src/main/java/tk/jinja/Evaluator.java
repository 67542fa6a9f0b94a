package tk.jinja;

import tk.jinja.Expression.CallArguments;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Computes expressions. */
final class Evaluator {
    private final Operators operators;
    private final Lookup lookup;
    private final Filters filters;
    private final Tests tests;

    Evaluator(Operators operators) {
        this.operators = operators;
        this.lookup = new Lookup(operators);
        this.filters = new Filters(operators);
        this.tests = new Tests(operators);
    }

    Operators operators() {
        return operators;
    }

    Object value(Expression expression, Scope scope) {
        operators.budget().step();
        operators.budget().enter();
        Object value = computed(expression, scope);
        operators.budget().leave();
        return value;
    }

    private Object computed(Expression expression, Scope scope) {
        return switch (expression) {
            case Expression.Constant(Object value) -> value;
            case Expression.Name(String name) -> scope.get(name);
            case Expression.ListDisplay(var items) -> values(items, scope);
            case Expression.TupleDisplay(var items) -> new Tuple(values(items, scope));
            case Expression.DictDisplay(var entries) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                for (Expression.Entry entry : entries)
                    map.put(operators.key(value(entry.key(), scope)), value(entry.value(), scope));
                yield map;
            }
            case Expression.Conditional(var test, var then, var otherwise) -> {
                if (truth(test, scope)) yield value(then, scope);
                yield otherwise.isPresent()
                        ? value(otherwise.get(), scope)
                        : new Undefined(
                                "the inline if-expression evaluated to false and no else section was defined.");
            }
            case Expression.And(var left, var right) -> {
                Object first = value(left, scope);
                yield Operators.truth(first) ? value(right, scope) : first;
            }
            case Expression.Or(var left, var right) -> {
                Object first = value(left, scope);
                yield Operators.truth(first) ? first : value(right, scope);
            }
            case Expression.Not(var operand) -> !truth(operand, scope);
            case Expression.Signed(boolean negative, var operand) ->
                    Operators.signed(negative, value(operand, scope));
            case Expression.Arithmetic(String operator, var left, var right) ->
                    operators.arithmetic(operator, value(left, scope), value(right, scope));
            case Expression.Concatenation(var parts) ->
                    operators.concatenated(values(parts, scope));
            case Expression.Comparison comparison -> compare(comparison, scope);
            case Expression.Attribute(var target, String name) ->
                    lookup.attribute(value(target, scope), name);
            case Expression.Item(var target, Expression.Slice(var start, var stop, var step)) ->
                    lookup.slice(
                            value(target, scope),
                            bound(start, scope),
                            bound(stop, scope),
                            bound(step, scope));
            case Expression.Item(var target, var index) ->
                    lookup.item(value(target, scope), value(index, scope));
            case Expression.Slice slice -> throw new JinjaError("a slice outside of brackets");
            case Expression.Call(var target, var arguments) ->
                    call(value(target, scope), arguments(arguments, scope));
            case Expression.Filter(var input, String name, var arguments) ->
                    filters.apply(
                            name,
                            arguments(arguments, scope).after(value(input.orElseThrow(), scope)));
            case Expression.Test(var input, String name, var arguments) ->
                    tests.passes(name, value(input, scope), arguments(arguments, scope));
        };
    }

    boolean truth(Expression expression, Scope scope) {
        return Operators.truth(value(expression, scope));
    }

    /** Applies a filter whose innermost input is missing to a text. */
    Object filtered(Expression.Filter filter, String text, Scope scope) {
        Object input =
                filter.input().isPresent()
                                && filter.input().get() instanceof Expression.Filter inner
                        ? filtered(inner, text, scope)
                        : text;
        return filters.apply(filter.name(), arguments(filter.arguments(), scope).after(input));
    }

    Arguments arguments(CallArguments arguments, Scope scope) {
        if (arguments == CallArguments.NONE) return Arguments.NONE;
        List<Object> positional = values(arguments.positional(), scope);
        Map<String, Object> named = new LinkedHashMap<>();
        for (Expression.Named argument : arguments.named())
            named.put(argument.name(), value(argument.value(), scope));
        arguments.list().ifPresent(list -> positional.addAll(operators.items(value(list, scope))));
        if (arguments.dict().isPresent()) {
            if (!(value(arguments.dict().get(), scope) instanceof Map<?, ?> map))
                throw new JinjaError("argument after ** must be a mapping");
            map.forEach((key, value) -> named.put(operators.str(key), value));
        }
        return new Arguments(positional, named);
    }

    Object call(Object target, Arguments arguments) {
        return switch (target) {
            case Function function -> {
                operators.budget().enter();
                Object result = function.call(arguments);
                operators.budget().leave();
                yield result;
            }
            case Undefined u -> throw u.failure();
            default ->
                    throw new JinjaError(
                            "'%s' object is not callable".formatted(Types.name(target)));
        };
    }

    private List<Object> values(List<Expression> expressions, Scope scope) {
        List<Object> values = new ArrayList<>(expressions.size());
        for (Expression expression : expressions) values.add(value(expression, scope));
        return values;
    }

    private Object compare(Expression.Comparison comparison, Scope scope) {
        Object left = value(comparison.first(), scope);
        for (Expression.Link link : comparison.links()) {
            Object right = value(link.operand(), scope);
            if (!operators.holds(link.operator(), left, right)) return false;
            left = right;
        }
        return true;
    }

    private Optional<Long> bound(Optional<Expression> expression, Scope scope) {
        return expression
                .map(e -> value(e, scope))
                .filter(v -> v != None.NONE)
                .map(
                        v -> {
                            if (v instanceof Long n) return n;
                            if (v instanceof Boolean b) return Operators.asLong(b);
                            throw new JinjaError(
                                    "slice indices must be integers or None, not " + Types.name(v));
                        });
    }
}
