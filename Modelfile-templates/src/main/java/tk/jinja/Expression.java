package tk.jinja;

import java.util.List;
import java.util.Optional;

/** An expression of a template, as parsed. */
sealed interface Expression {
    record Constant(Object value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListDisplay(List<Expression> items) implements Expression {}

    record TupleDisplay(List<Expression> items) implements Expression {}

    record DictDisplay(List<Entry> entries) implements Expression {}

    record Entry(Expression key, Expression value) {}

    record Conditional(Expression test, Expression then, Optional<Expression> otherwise)
            implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record Signed(boolean negative, Expression operand) implements Expression {}

    record Arithmetic(String operator, Expression left, Expression right) implements Expression {}

    record Concatenation(List<Expression> parts) implements Expression {}

    record Comparison(Expression first, List<Link> links) implements Expression {}

    /** One step of {@code a < b <= c}; operators also {@code in} and {@code not in}. */
    record Link(String operator, Expression operand) {}

    record Attribute(Expression target, String name) implements Expression {}

    record Item(Expression target, Expression index) implements Expression {}

    record Slice(Optional<Expression> start, Optional<Expression> stop, Optional<Expression> step)
            implements Expression {}

    record Call(Expression target, CallArguments arguments) implements Expression {}

    /** {@code input|name(…)}; without input where it is applied to a block. */
    record Filter(Optional<Expression> input, String name, CallArguments arguments)
            implements Expression {}

    /** {@code input is name(…)}. */
    record Test(Expression input, String name, CallArguments arguments) implements Expression {}

    record CallArguments(
            List<Expression> positional,
            List<Named> named,
            Optional<Expression> list,
            Optional<Expression> dict) {
        static final CallArguments NONE =
                new CallArguments(List.of(), List.of(), Optional.empty(), Optional.empty());
    }

    record Named(String name, Expression value) {}
}
