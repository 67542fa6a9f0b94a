package tk.jinja;

import tk.jinja.Expression.CallArguments;
import tk.jinja.Expression.Filter;
import tk.jinja.Expression.Link;
import tk.jinja.Expression.Named;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Parses expressions by jinja2's grammar: one method a level of precedence. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> SUM = Set.of("+", "-");
    private static final Set<String> PRODUCT = Set.of("*", "/", "//", "%");

    private final TokenStream tokens;

    ExpressionParser(TokenStream tokens) {
        this.tokens = tokens;
    }

    /** An expression, or several with commas between as a tuple. */
    Expression tuple(boolean conditional) {
        Expression first = conditional ? expression() : or();
        if (!tokens.current().isOperator(",")) return first;
        List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.skipsOperator(",")) {
            if (endsTuple()) break;
            items.add(conditional ? expression() : or());
        }
        return new Expression.TupleDisplay(items);
    }

    private boolean endsTuple() {
        Token token = tokens.current();
        return switch (token.kind()) {
            case OUTPUT_END, BLOCK_END, END -> true;
            case OPERATOR -> token.text().equals(")");
            case NAME -> token.text().equals("recursive") || token.text().equals("if");
            default -> false;
        };
    }

    Expression expression() {
        tokens.enter();
        Expression value = or();
        int depth = tokens.depth();
        while (tokens.skipsName("if")) {
            tokens.enter();
            Expression test = or();
            Optional<Expression> otherwise =
                    tokens.skipsName("else") ? Optional.of(expression()) : Optional.empty();
            value = new Expression.Conditional(test, value, otherwise);
        }
        tokens.leaveTo(depth);
        tokens.leave();
        return value;
    }

    /** Two operands and what is between them. */
    private interface Joining {
        Expression of(String operator, Expression left, Expression right);
    }

    /** {@code a + b + c}, from the left. */
    private Expression chain(
            Supplier<Expression> operand, Predicate<Token> operator, Joining joining) {
        Expression left = operand.get();
        int depth = tokens.depth();
        while (operator.test(tokens.current())) {
            tokens.enter();
            String text = tokens.next().text();
            left = joining.of(text, left, operand.get());
        }
        tokens.leaveTo(depth);
        return left;
    }

    private Expression or() {
        return chain(this::and, t -> t.isName("or"), (o, a, b) -> new Expression.Or(a, b));
    }

    private Expression and() {
        return chain(this::not, t -> t.isName("and"), (o, a, b) -> new Expression.And(a, b));
    }

    private static boolean isOneOf(Token token, Set<String> operators) {
        return token.kind() == Token.Kind.OPERATOR && operators.contains(token.text());
    }

    private Expression not() {
        if (!tokens.skipsName("not")) return comparison();
        tokens.enter();
        Expression operand = not();
        tokens.leave();
        return new Expression.Not(operand);
    }

    private Expression comparison() {
        Expression first = sum();
        List<Link> links = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            if (isOneOf(token, COMPARISONS)) {
                tokens.next();
                links.add(new Link(token.text(), sum()));
            } else if (tokens.skipsName("in")) {
                links.add(new Link("in", sum()));
            } else if (token.isName("not") && tokens.following().isName("in")) {
                tokens.next();
                tokens.next();
                links.add(new Link("not in", sum()));
            } else {
                return links.isEmpty() ? first : new Expression.Comparison(first, links);
            }
        }
    }

    private Expression sum() {
        return chain(this::concatenation, t -> isOneOf(t, SUM), Expression.Arithmetic::new);
    }

    private Expression concatenation() {
        Expression first = product();
        if (!tokens.current().isOperator("~")) return first;
        List<Expression> parts = new ArrayList<>(List.of(first));
        while (tokens.skipsOperator("~")) parts.add(product());
        return new Expression.Concatenation(parts);
    }

    private Expression product() {
        return chain(this::power, t -> isOneOf(t, PRODUCT), Expression.Arithmetic::new);
    }

    private Expression power() {
        return chain(() -> unary(true), t -> t.isOperator("**"), Expression.Arithmetic::new);
    }

    private Expression unary(boolean filters) {
        boolean negative = tokens.current().isOperator("-");
        Expression value;
        if (negative || tokens.current().isOperator("+")) {
            tokens.next();
            tokens.enter();
            value = new Expression.Signed(negative, unary(false));
            tokens.leave();
        } else {
            value = primary();
        }
        value = postfix(value);
        return filters ? filtered(value) : value;
    }

    private Expression primary() {
        Token token = tokens.current();
        switch (token.kind()) {
            case NAME -> {
                tokens.next();
                return switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(true);
                    case "false", "False" -> new Expression.Constant(false);
                    case "none", "None" -> new Expression.Constant(None.NONE);
                    default -> new Expression.Name(token.text());
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (tokens.current().kind() == Token.Kind.STRING)
                    text.append(tokens.next().text());
                return new Expression.Constant(text.toString());
            }
            case INTEGER -> {
                return new Expression.Constant(Long.parseLong(tokens.next().text()));
            }
            case FLOAT -> {
                return new Expression.Constant(Double.parseDouble(tokens.next().text()));
            }
            case OPERATOR -> {
                switch (token.text()) {
                    case "(" -> {
                        return parenthesized();
                    }
                    case "[" -> {
                        return list();
                    }
                    case "{" -> {
                        return dict();
                    }
                    default -> throw tokens.unexpected();
                }
            }
            default -> throw tokens.unexpected();
        }
    }

    private Expression parenthesized() {
        tokens.expectOperator("(");
        if (tokens.skipsOperator(")")) return new Expression.TupleDisplay(List.of());
        Expression value = tuple(true);
        tokens.expectOperator(")");
        return value;
    }

    private Expression list() {
        tokens.expectOperator("[");
        List<Expression> items = new ArrayList<>();
        while (!tokens.current().isOperator("]")) {
            if (!items.isEmpty()) tokens.expectOperator(",");
            if (tokens.current().isOperator("]")) break;
            items.add(expression());
        }
        tokens.expectOperator("]");
        return new Expression.ListDisplay(items);
    }

    private Expression dict() {
        tokens.expectOperator("{");
        List<Expression.Entry> entries = new ArrayList<>();
        while (!tokens.current().isOperator("}")) {
            if (!entries.isEmpty()) tokens.expectOperator(",");
            if (tokens.current().isOperator("}")) break;
            Expression key = expression();
            tokens.expectOperator(":");
            entries.add(new Expression.Entry(key, expression()));
        }
        tokens.expectOperator("}");
        return new Expression.DictDisplay(entries);
    }

    private Expression postfix(Expression of) {
        Expression value = of;
        int depth = tokens.depth();
        while (true) {
            tokens.enter();
            if (tokens.skipsOperator(".")) {
                value = attribute(value);
            } else if (tokens.skipsOperator("[")) {
                value = item(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                tokens.leaveTo(depth);
                return value;
            }
        }
    }

    private Expression attribute(Expression target) {
        Token token = tokens.current();
        return switch (token.kind()) {
            case NAME -> new Expression.Attribute(target, tokens.next().text());
            case INTEGER ->
                    new Expression.Item(
                            target, new Expression.Constant(Long.parseLong(tokens.next().text())));
            default -> throw tokens.unexpected();
        };
    }

    private Expression item(Expression target) {
        List<Expression> indexes = new ArrayList<>();
        while (!tokens.current().isOperator("]")) {
            if (!indexes.isEmpty()) tokens.expectOperator(",");
            indexes.add(index());
        }
        tokens.expectOperator("]");
        return new Expression.Item(
                target,
                indexes.size() == 1 ? indexes.getFirst() : new Expression.TupleDisplay(indexes));
    }

    private Expression index() {
        Optional<Expression> start = Optional.empty();
        if (!tokens.current().isOperator(":")) {
            Expression index = expression();
            if (!tokens.current().isOperator(":")) return index;
            start = Optional.of(index);
        }
        tokens.expectOperator(":");
        Optional<Expression> stop = bound();
        Optional<Expression> step = tokens.skipsOperator(":") ? bound() : Optional.empty();
        return new Expression.Slice(start, stop, step);
    }

    private Optional<Expression> bound() {
        Token token = tokens.current();
        return token.isOperator(":") || token.isOperator("]") || token.isOperator(",")
                ? Optional.empty()
                : Optional.of(expression());
    }

    private Expression filtered(Expression of) {
        Expression value = of;
        int depth = tokens.depth();
        while (true) {
            tokens.enter();
            if (tokens.skipsOperator("|")) {
                value = filter(Optional.of(value));
            } else if (tokens.skipsName("is")) {
                value = test(value);
            } else if (tokens.current().isOperator("(")) {
                value = new Expression.Call(value, arguments());
            } else {
                tokens.leaveTo(depth);
                return value;
            }
        }
    }

    /** {@code name(…)|name(…)}, applied to a block where there is no input. */
    Filter filters(Optional<Expression> input) {
        Filter filter = filter(input);
        int depth = tokens.depth();
        while (tokens.skipsOperator("|")) {
            tokens.enter();
            filter = filter(Optional.of(filter));
        }
        tokens.leaveTo(depth);
        return filter;
    }

    private Filter filter(Optional<Expression> input) {
        String name = dotted();
        CallArguments arguments =
                tokens.current().isOperator("(") ? arguments() : CallArguments.NONE;
        return new Filter(input, name, arguments);
    }

    private Expression test(Expression input) {
        boolean negated = tokens.skipsName("not");
        String name = dotted();
        CallArguments arguments = CallArguments.NONE;
        Token token = tokens.current();
        if (token.isOperator("(")) {
            arguments = arguments();
        } else if (beginsArgument(token)) {
            if (token.isName("is")) throw tokens.malformed("tests cannot be chained with 'is'");
            Expression argument = postfix(primary());
            arguments =
                    new CallArguments(
                            List.of(argument), List.of(), Optional.empty(), Optional.empty());
        }
        Expression test = new Expression.Test(input, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private static boolean beginsArgument(Token token) {
        return switch (token.kind()) {
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(tokens.expect(Token.Kind.NAME).text());
        while (tokens.skipsOperator("."))
            name.append('.').append(tokens.expect(Token.Kind.NAME).text());
        return name.toString();
    }

    CallArguments arguments() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        List<Named> named = new ArrayList<>();
        Optional<Expression> list = Optional.empty();
        Optional<Expression> dict = Optional.empty();
        boolean first = true;
        while (!tokens.current().isOperator(")")) {
            if (!first) {
                tokens.expectOperator(",");
                if (tokens.current().isOperator(")")) break;
            }
            first = false;
            if (dict.isPresent()) throw tokens.unexpected();
            if (tokens.skipsOperator("*")) {
                if (list.isPresent()) throw tokens.unexpected();
                list = Optional.of(expression());
            } else if (tokens.skipsOperator("**")) {
                dict = Optional.of(expression());
            } else if (tokens.current().kind() == Token.Kind.NAME
                    && tokens.following().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                named.add(new Named(name, expression()));
            } else {
                if (!named.isEmpty() || list.isPresent()) throw tokens.unexpected();
                positional.add(expression());
            }
        }
        tokens.expectOperator(")");
        return new CallArguments(positional, named, list, dict);
    }
}
