package tk.jinja;

import java.util.List;
import java.util.Optional;

/** A statement of a template, as parsed; {@code line} for messages. */
sealed interface Statement {
    int line();

    record Text(int line, String text) implements Statement {}

    record Output(int line, Expression value) implements Statement {}

    record If(int line, List<Branch> branches, List<Statement> otherwise) implements Statement {}

    record Branch(Expression test, List<Statement> body) {}

    record For(
            int line,
            Target target,
            Expression iterable,
            Optional<Expression> test,
            boolean recursive,
            List<Statement> body,
            List<Statement> otherwise)
            implements Statement {}

    record Set(int line, Target target, Expression value) implements Statement {}

    /** {@code {% set x %}…{% endset %}}. */
    record SetBlock(
            int line, Target target, Optional<Expression.Filter> filter, List<Statement> body)
            implements Statement {}

    record Macro(int line, String name, List<Parameter> parameters, List<Statement> body)
            implements Statement {}

    record Parameter(String name, Optional<Expression> otherwise) {}

    /** {@code {% call(…) f(…) %}}: calls with the body as {@code caller}. */
    record CallBlock(
            int line, List<Parameter> parameters, Expression.Call call, List<Statement> body)
            implements Statement {}

    record FilterBlock(int line, Expression.Filter filter, List<Statement> body)
            implements Statement {}

    record With(int line, List<Set> variables, List<Statement> body) implements Statement {}

    /** {@code {% generation %}}: marks what the assistant says; renders as its body. */
    record Generation(int line, List<Statement> body) implements Statement {}

    record Break(int line) implements Statement {}

    record Continue(int line) implements Statement {}

    /** What is assigned to. */
    sealed interface Target {}

    record NameTarget(String name) implements Target {}

    record AttributeTarget(String namespace, String name) implements Target {}

    record TupleTarget(List<Target> items) implements Target {}
}
