package tk.gotemplate;

import tk.gotemplate.Node.Command;
import tk.gotemplate.Node.Operand;
import tk.gotemplate.Node.Pipe;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Parses a template and the templates it defines. */
final class Parser {
    /** Deeper nesting is no prompt template's, and would exhaust the stack. */
    private static final int MAX_DEPTH = 100;

    private static final Set<String> KEYWORDS =
            Set.of(
                    "block",
                    "break",
                    "continue",
                    "define",
                    "else",
                    "end",
                    "if",
                    "range",
                    "nil",
                    "template",
                    "with");

    private final List<Token> tokens;
    private final Map<String, List<Node>> defined = new LinkedHashMap<>();
    private Deque<String> variables = new ArrayDeque<>(List.of("$"));
    private int at;
    private int depth;
    private int ranges;

    private Parser(String template) {
        tokens = Lexer.tokens(template);
    }

    /** The templates by name; the main one's name is empty. */
    static Map<String, List<Node>> parse(String template) {
        Parser parser = new Parser(template);
        List<Node> main = parser.list(true);
        if (parser.current().kind() != Token.Kind.END) throw parser.unexpected();
        parser.defined.put("", main);
        return parser.defined;
    }

    /** Nodes up to {@code end}, {@code else} or the end of all; that word is current then. */
    private List<Node> list(boolean top) {
        enter();
        List<Node> nodes = new ArrayList<>();
        while (current().kind() != Token.Kind.END) {
            Token token = next();
            if (token.kind() == Token.Kind.TEXT) {
                nodes.add(new Node.Text(token.text()));
                continue;
            }
            if (current().is(Token.Kind.WORD, "end") || current().is(Token.Kind.WORD, "else")) {
                if (top) throw unexpected();
                break;
            }
            action(token.line(), top).ifPresent(nodes::add);
        }
        if (!top && current().kind() == Token.Kind.END) throw malformed("{{ end }} is missing");
        depth--;
        return nodes;
    }

    private Optional<Node> action(int line, boolean top) {
        Token word = current();
        if (word.kind() != Token.Kind.WORD
                || !KEYWORDS.contains(word.text())
                || word.text().equals("nil")) {
            Pipe pipe = pipe(false);
            expectClose();
            return Optional.of(new Node.Action(line, pipe));
        }
        next();
        return switch (word.text()) {
            case "if" -> Optional.of(branch(line, Node.Kind.IF));
            case "with" -> Optional.of(branch(line, Node.Kind.WITH));
            case "range" -> Optional.of(branch(line, Node.Kind.RANGE));
            case "break", "continue" -> {
                if (ranges == 0)
                    throw malformed("{{ %s }} outside of range".formatted(word.text()));
                expectClose();
                yield Optional.of(
                        word.text().equals("break")
                                ? new Node.Break(line)
                                : new Node.Continue(line));
            }
            case "define" -> {
                if (!top) throw malformed("{{ define }} inside of another action");
                String name = expect(Token.Kind.STRING).text();
                expectClose();
                define(name);
                yield Optional.empty();
            }
            case "block" -> {
                String name = expect(Token.Kind.STRING).text();
                Pipe data = pipe(false);
                expectClose();
                define(name);
                yield Optional.of(new Node.Call(line, name, Optional.of(data)));
            }
            case "template" -> {
                String name = expect(Token.Kind.STRING).text();
                Optional<Pipe> data =
                        current().kind() == Token.Kind.CLOSE
                                ? Optional.empty()
                                : Optional.of(pipe(false));
                expectClose();
                yield Optional.of(new Node.Call(line, name, data));
            }
            default -> throw malformed("unexpected {{ " + word.text() + " }}");
        };
    }

    private void define(String name) {
        Deque<String> outer = variables;
        int outerRanges = ranges;
        variables = new ArrayDeque<>(List.of("$"));
        ranges = 0;
        List<Node> body = list(false);
        expectWord("end");
        expectClose();
        variables = outer;
        ranges = outerRanges;
        if (defined.put(name, body) != null)
            throw malformed("template \"" + name + "\" is defined twice");
    }

    private Node branch(int line, Node.Kind kind) {
        int before = variables.size();
        Pipe pipe = pipe(kind == Node.Kind.RANGE);
        expectClose();
        if (kind == Node.Kind.RANGE) ranges++;
        List<Node> body = list(false);
        if (kind == Node.Kind.RANGE) ranges--;
        Optional<List<Node>> otherwise = Optional.empty();
        if (current().is(Token.Kind.WORD, "else")) {
            Token word = next();
            boolean chained =
                    kind == Node.Kind.IF && current().is(Token.Kind.WORD, "if")
                            || kind == Node.Kind.WITH && current().is(Token.Kind.WORD, "with");
            if (chained) {
                // {{ else if }} shares the {{ end }} of what it follows.
                next();
                enter();
                otherwise = Optional.of(List.of(branch(word.line(), kind)));
                depth--;
                while (variables.size() > before) variables.pop();
                return new Node.Branch(line, kind, pipe, body, otherwise);
            }
            expectClose();
            otherwise = Optional.of(list(false));
        }
        expectWord("end");
        expectClose();
        while (variables.size() > before) variables.pop();
        return new Node.Branch(line, kind, pipe, body, otherwise);
    }

    private Pipe pipe(boolean range) {
        enter();
        List<String> names = new ArrayList<>();
        boolean declares = false;
        if (current().kind() == Token.Kind.VARIABLE && assigns(range)) {
            names.add(next().text());
            if (current().is(Token.Kind.SIGN, ",")) {
                next();
                names.add(expect(Token.Kind.VARIABLE).text());
            }
            declares = next().text().equals(":=");
        }
        List<Command> commands = new ArrayList<>();
        do {
            commands.add(command());
        } while (skips("|"));
        for (String name : names) {
            if (declares) variables.push(name);
            else if (!variables.contains(name)) throw malformed("undefined variable " + name);
        }
        depth--;
        return new Pipe(names, declares, commands);
    }

    private boolean assigns(boolean range) {
        Token after = tokens.get(at + 1);
        if (after.is(Token.Kind.SIGN, ":=") || after.is(Token.Kind.SIGN, "=")) return true;
        return range && after.is(Token.Kind.SIGN, ",");
    }

    private boolean skips(String sign) {
        boolean found = current().is(Token.Kind.SIGN, sign);
        if (found) next();
        return found;
    }

    private Command command() {
        List<Operand> operands = new ArrayList<>();
        while (!ends()) {
            if (!operands.isEmpty() && !current().spaced() && !current().is(Token.Kind.SIGN, "("))
                throw unexpected();
            operands.add(operand());
        }
        if (operands.isEmpty()) throw malformed("a value is missing");
        if (operands.size() > 1 && operands.getFirst() instanceof Node.Constant)
            throw malformed("a constant is given arguments");
        return new Command(List.copyOf(operands));
    }

    private boolean ends() {
        Token token = current();
        return token.kind() == Token.Kind.CLOSE
                || token.is(Token.Kind.SIGN, "|")
                || token.is(Token.Kind.SIGN, ")");
    }

    private Operand operand() {
        Token token = next();
        Operand operand =
                switch (token.kind()) {
                    case FIELD -> new Node.Field(fields(token.text()));
                    case VARIABLE -> {
                        if (!variables.contains(token.text()))
                            throw malformed("undefined variable " + token.text());
                        yield new Node.Variable(token.text(), fields());
                    }
                    case STRING -> new Node.Constant(token.text());
                    case CHARACTER -> {
                        if (token.text().codePointCount(0, token.text().length()) != 1)
                            throw malformed("no single character '" + token.text() + "'");
                        yield new Node.Constant((long) token.text().codePointAt(0));
                    }
                    case NUMBER -> new Node.Constant(number(token.text()));
                    case WORD -> word(token.text());
                    case SIGN -> {
                        if (token.text().equals(".")) yield new Node.Dot();
                        if (!token.text().equals("(")) {
                            at--;
                            throw unexpected();
                        }
                        Pipe pipe = pipe(false);
                        if (!skips(")")) throw unexpected();
                        List<String> fields = fields();
                        yield fields.isEmpty() ? pipe : new Node.Chain(pipe, fields);
                    }
                    default -> {
                        at--;
                        throw unexpected();
                    }
                };
        return operand;
    }

    private Operand word(String word) {
        return switch (word) {
            case "true" -> new Node.Constant(true);
            case "false" -> new Node.Constant(false);
            case "nil" -> new Node.Constant(GoValues.NIL);
            default -> {
                if (!Functions.NAMES.contains(word))
                    throw malformed("function \"" + word + "\" not defined");
                yield new Node.Function(word);
            }
        };
    }

    private Object number(String text) {
        try {
            String digits = text.replace("_", "");
            if (digits.matches("[-+]?\\d+")) return Long.parseLong(digits);
            if (digits.matches("[-+]?0[xX][0-9A-Fa-f]+")) return Long.decode(digits);
            if (digits.matches("[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?")) {
                double value = Double.parseDouble(digits);
                if (Double.isInfinite(value)) throw new NumberFormatException();
                return value;
            }
        } catch (NumberFormatException e) {
            throw malformed("number " + text + " does not fit into 64 bits");
        }
        throw malformed("bad number " + text);
    }

    /** Further fields, without space before them. */
    private List<String> fields(String... first) {
        List<String> names = new ArrayList<>(List.of(first));
        while (current().kind() == Token.Kind.FIELD && !current().spaced())
            names.add(next().text());
        return names;
    }

    private void enter() {
        if (++depth > MAX_DEPTH) throw malformed("nested deeper than " + MAX_DEPTH);
    }

    private Token current() {
        return tokens.get(at);
    }

    private Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Token.Kind.END) at++;
        return token;
    }

    private Token expect(Token.Kind kind) {
        if (current().kind() != kind) throw unexpected();
        return next();
    }

    private void expectWord(String word) {
        if (!current().is(Token.Kind.WORD, word)) throw unexpected();
        next();
    }

    private void expectClose() {
        expect(Token.Kind.CLOSE);
    }

    private TemplateError unexpected() {
        return malformed("unexpected " + current().described());
    }

    private TemplateError malformed(String what) {
        return new TemplateError(current().line(), what, null);
    }
}
