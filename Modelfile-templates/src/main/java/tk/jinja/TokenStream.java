package tk.jinja;

import tk.error.MalformedException;

import java.util.List;

/** The tokens in turn, with errors that say where. */
final class TokenStream {
    /**
     * Deeper nesting is no chat template's, and would exhaust the stack. A chain, as of {@code a +
     * b + c}, nests as deep as it is long.
     */
    private static final int MAX_DEPTH = 200;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    /** The token after the current one. */
    Token following() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Token.Kind.END) at++;
        return token;
    }

    boolean skipsName(String name) {
        boolean found = current().isName(name);
        if (found) next();
        return found;
    }

    boolean skipsOperator(String operator) {
        boolean found = current().isOperator(operator);
        if (found) next();
        return found;
    }

    Token expect(Token.Kind kind) {
        if (current().kind() != kind) throw unexpected();
        return next();
    }

    void expectOperator(String operator) {
        if (!skipsOperator(operator)) {
            throw malformed("expected '%s', found %s".formatted(operator, current().described()));
        }
    }

    void expectName(String name) {
        if (!skipsName(name)) {
            throw malformed("expected '%s', found %s".formatted(name, current().described()));
        }
    }

    void enter() {
        if (++depth > MAX_DEPTH) throw malformed("nested deeper than " + MAX_DEPTH);
    }

    void leave() {
        depth--;
    }

    /** How deep what comes next is nested; {@link #leaveTo} goes back there at a chain's end. */
    int depth() {
        return depth;
    }

    void leaveTo(int outer) {
        depth = outer;
    }

    MalformedException unexpected() {
        return malformed("unexpected " + current().described());
    }

    MalformedException malformed(String what) {
        return new MalformedException(
                "chat template, line %d: %s".formatted(current().line(), what));
    }
}
