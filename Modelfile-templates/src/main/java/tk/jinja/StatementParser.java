package tk.jinja;

import tk.error.UnsupportedException;
import tk.jinja.Statement.Branch;
import tk.jinja.Statement.Parameter;
import tk.jinja.Statement.Target;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parses a template: text, output and blocks. */
final class StatementParser {
    /** Of Jinja, but of no use to a single template. */
    private static final Set<String> OF_FILES =
            Set.of("extends", "include", "import", "from", "block", "autoescape");

    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private int loops;

    private StatementParser(TokenStream tokens) {
        this.tokens = tokens;
        this.expressions = new ExpressionParser(tokens);
    }

    static List<Statement> parse(String template) {
        StatementParser parser = new StatementParser(new TokenStream(Lexer.tokens(template)));
        List<Statement> statements = parser.body(Set.of());
        parser.tokens.expect(Token.Kind.END);
        return statements;
    }

    /** Statements up to a block of one of these names, whose name is the current token then. */
    private List<Statement> body(Set<String> ends) {
        tokens.enter();
        List<Statement> statements = new ArrayList<>();
        while (true) {
            Token token = tokens.current();
            switch (token.kind()) {
                case TEXT -> {
                    tokens.next();
                    statements.add(new Statement.Text(token.line(), token.text()));
                }
                case OUTPUT_BEGIN -> {
                    tokens.next();
                    statements.add(new Statement.Output(token.line(), expressions.tuple(true)));
                    tokens.expect(Token.Kind.OUTPUT_END);
                }
                case BLOCK_BEGIN -> {
                    tokens.next();
                    Token name = tokens.current();
                    if (name.kind() != Token.Kind.NAME) throw tokens.unexpected();
                    if (ends.contains(name.text())) {
                        tokens.leave();
                        return statements;
                    }
                    tokens.next();
                    statements.add(block(name));
                }
                case END -> {
                    if (!ends.isEmpty()) {
                        throw tokens.malformed(
                                "the template ends where one of %s is missing"
                                        .formatted(
                                                String.join(
                                                        ", ", ends.stream().sorted().toList())));
                    }
                    tokens.leave();
                    return statements;
                }
                default -> throw tokens.unexpected();
            }
        }
    }

    private List<Statement> bodyUntil(String end) {
        tokens.expect(Token.Kind.BLOCK_END);
        List<Statement> body = body(Set.of(end));
        tokens.expectName(end);
        tokens.expect(Token.Kind.BLOCK_END);
        return body;
    }

    private Statement block(Token name) {
        int line = name.line();
        return switch (name.text()) {
            case "if" -> ifBlock(line);
            case "for" -> forBlock(line);
            case "set" -> set(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> {
                Expression.Filter filter = expressions.filters(Optional.empty());
                yield new Statement.FilterBlock(line, filter, bodyUntil("endfilter"));
            }
            case "with" -> with(line);
            case "generation" -> new Statement.Generation(line, bodyUntil("endgeneration"));
            case "break", "continue" -> {
                if (loops == 0) throw tokens.malformed("'" + name.text() + "' outside of a loop");
                tokens.expect(Token.Kind.BLOCK_END);
                yield name.text().equals("break")
                        ? new Statement.Break(line)
                        : new Statement.Continue(line);
            }
            default -> {
                if (OF_FILES.contains(name.text())) {
                    throw new UnsupportedException(
                            "chat template, line %d: tk does not render {%% %s %%}"
                                    .formatted(line, name.text()));
                }
                throw tokens.malformed("unknown tag '" + name.text() + "'");
            }
        };
    }

    private Statement ifBlock(int line) {
        List<Branch> branches = new ArrayList<>();
        List<Statement> otherwise = List.of();
        Expression test = expressions.tuple(false);
        while (true) {
            tokens.expect(Token.Kind.BLOCK_END);
            branches.add(new Branch(test, body(Set.of("elif", "else", "endif"))));
            if (tokens.skipsName("elif")) {
                test = expressions.tuple(false);
                continue;
            }
            if (tokens.skipsName("else")) {
                otherwise = bodyUntil("endif");
            } else {
                tokens.expectName("endif");
                tokens.expect(Token.Kind.BLOCK_END);
            }
            return new Statement.If(line, branches, otherwise);
        }
    }

    private Statement forBlock(int line) {
        Target target = target(false);
        tokens.expectName("in");
        Expression iterable = expressions.tuple(false);
        Optional<Expression> test =
                tokens.skipsName("if") ? Optional.of(expressions.expression()) : Optional.empty();
        boolean recursive = tokens.skipsName("recursive");
        tokens.expect(Token.Kind.BLOCK_END);
        loops++;
        List<Statement> body = body(Set.of("else", "endfor"));
        loops--;
        List<Statement> otherwise = List.of();
        if (tokens.skipsName("else")) {
            otherwise = bodyUntil("endfor");
        } else {
            tokens.expectName("endfor");
            tokens.expect(Token.Kind.BLOCK_END);
        }
        return new Statement.For(line, target, iterable, test, recursive, body, otherwise);
    }

    private Statement set(int line) {
        Target target = target(true);
        if (tokens.skipsOperator("=")) {
            Expression value = expressions.tuple(true);
            tokens.expect(Token.Kind.BLOCK_END);
            return new Statement.Set(line, target, value);
        }
        Optional<Expression.Filter> filter =
                tokens.skipsOperator("|")
                        ? Optional.of(expressions.filters(Optional.empty()))
                        : Optional.empty();
        return new Statement.SetBlock(line, target, filter, bodyUntil("endset"));
    }

    private Statement macro(int line) {
        String name = tokens.expect(Token.Kind.NAME).text();
        List<Parameter> parameters = parameters();
        return new Statement.Macro(line, name, parameters, function("endmacro"));
    }

    private Statement call(int line) {
        List<Parameter> parameters = tokens.current().isOperator("(") ? parameters() : List.of();
        if (!(expressions.expression() instanceof Expression.Call call))
            throw tokens.malformed("expected a call");
        return new Statement.CallBlock(line, parameters, call, function("endcall"));
    }

    /** A body that is called, so that the loops around it are none of its own. */
    private List<Statement> function(String end) {
        int outer = loops;
        loops = 0;
        List<Statement> body = bodyUntil(end);
        loops = outer;
        return body;
    }

    private List<Parameter> parameters() {
        tokens.expectOperator("(");
        List<Parameter> parameters = new ArrayList<>();
        while (!tokens.current().isOperator(")")) {
            if (!parameters.isEmpty()) tokens.expectOperator(",");
            String name = tokens.expect(Token.Kind.NAME).text();
            Optional<Expression> otherwise =
                    tokens.skipsOperator("=")
                            ? Optional.of(expressions.expression())
                            : Optional.empty();
            boolean optionalBefore =
                    !parameters.isEmpty() && parameters.getLast().otherwise().isPresent();
            if (otherwise.isEmpty() && optionalBefore)
                throw tokens.malformed("non-default argument follows default argument");
            parameters.add(new Parameter(name, otherwise));
        }
        tokens.expectOperator(")");
        return parameters;
    }

    private Statement with(int line) {
        List<Statement.Set> variables = new ArrayList<>();
        while (tokens.current().kind() != Token.Kind.BLOCK_END) {
            if (!variables.isEmpty()) tokens.expectOperator(",");
            Target target = target(false);
            tokens.expectOperator("=");
            variables.add(new Statement.Set(line, target, expressions.expression()));
        }
        return new Statement.With(line, variables, bodyUntil("endwith"));
    }

    private Target target(boolean attributes) {
        List<Target> items = new ArrayList<>();
        boolean tuple = false;
        do {
            if (!items.isEmpty()
                    && tokens.current().kind() != Token.Kind.NAME
                    && !tokens.current().isOperator("(")) break;
            items.add(single(attributes));
            tuple |= tokens.current().isOperator(",");
        } while (tokens.skipsOperator(","));
        return tuple ? new Statement.TupleTarget(items) : items.getFirst();
    }

    private Target single(boolean attributes) {
        if (tokens.skipsOperator("(")) {
            tokens.enter();
            Target inner = target(attributes);
            tokens.leave();
            tokens.expectOperator(")");
            return inner;
        }
        Token name = tokens.expect(Token.Kind.NAME);
        if (attributes && tokens.skipsOperator("."))
            return new Statement.AttributeTarget(
                    name.text(), tokens.expect(Token.Kind.NAME).text());
        if (Set.of("true", "false", "none", "True", "False", "None").contains(name.text()))
            throw tokens.malformed("can't assign to '" + name.text() + "'");
        return new Statement.NameTarget(name.text());
    }
}
