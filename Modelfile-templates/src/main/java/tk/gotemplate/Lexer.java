package tk.gotemplate;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template into tokens. A trim marker, <code>{{- </code> or <code> -}}</code>, takes all
 * white space beside it away, line feeds too.
 */
final class Lexer {
    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int parentheses;
    private int counted;
    private int line = 1;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> tokens(String template) {
        Lexer lexer = new Lexer(template);
        boolean trims = false;
        while (true) {
            int open = template.indexOf("{{", lexer.at);
            String text = template.substring(lexer.at, open < 0 ? template.length() : open);
            if (trims) text = trimmedLeft(text);
            if (open < 0) {
                lexer.at = template.length();
                lexer.text(text);
                lexer.add(Token.Kind.END, "", false);
                return lexer.tokens;
            }
            lexer.at = open + 2;
            boolean trimsBefore =
                    lexer.startsWith("-")
                            && lexer.at + 1 < template.length()
                            && isSpace(template.charAt(lexer.at + 1));
            if (trimsBefore) lexer.at += 2;
            lexer.text(trimsBefore ? trimmedRight(text) : text);
            trims = lexer.action();
        }
    }

    /** An action, and whether it trims the text after it. */
    private boolean action() {
        if (startsWith("/*")) return comment();
        parentheses = 0;
        add(Token.Kind.OPEN, "{{", false);
        while (true) {
            int before = at;
            while (at < source.length() && isSpace(source.charAt(at))) at++;
            boolean spaced = at > before;
            if (at >= source.length()) throw malformed("an action is not closed");
            boolean trims = spaced && startsWith("-}}");
            if (trims || startsWith("}}")) {
                if (parentheses != 0) throw malformed("a parenthesis is not closed");
                at += trims ? 3 : 2;
                add(Token.Kind.CLOSE, "}}", spaced);
                return trims;
            }
            token(spaced);
        }
    }

    private boolean comment() {
        int end = source.indexOf("*/", at);
        if (end < 0) throw malformed("a comment is not closed");
        at = end + 2;
        boolean trims =
                at < source.length()
                        && isSpace(source.charAt(at))
                        && source.startsWith("-}}", at + 1);
        if (trims) at++;
        if (!startsWith(trims ? "-}}" : "}}")) throw malformed("a comment ends before }}");
        at += trims ? 3 : 2;
        return trims;
    }

    private void token(boolean spaced) {
        char c = source.charAt(at);
        char next = at + 1 < source.length() ? source.charAt(at + 1) : ' ';
        if (c == '.' && !isDigit(next)) {
            at++;
            if (!isWord(next)) add(Token.Kind.SIGN, ".", spaced);
            else add(Token.Kind.FIELD, word(), spaced);
        } else if (c == '$') {
            at++;
            add(Token.Kind.VARIABLE, "$" + (isWord(next) ? word() : ""), spaced);
        } else if (c == '"' || c == '`') {
            add(Token.Kind.STRING, string(c), spaced);
        } else if (c == '\'') {
            add(Token.Kind.CHARACTER, string(c), spaced);
        } else if (isDigit(c)
                || c == '.'
                || ((c == '-' || c == '+') && (isDigit(next) || next == '.'))) {
            int from = at++;
            while (at < source.length() && (isWord(source.charAt(at)) || source.charAt(at) == '.'))
                at++;
            add(Token.Kind.NUMBER, source.substring(from, at), spaced);
        } else if (isWord(c)) {
            add(Token.Kind.WORD, word(), spaced);
        } else if (startsWith(":=")) {
            at += 2;
            add(Token.Kind.SIGN, ":=", spaced);
        } else if ("|,()=".indexOf(c) >= 0) {
            at++;
            if (c == '(') parentheses++;
            if (c == ')' && --parentheses < 0) throw malformed("unexpected ')'");
            add(Token.Kind.SIGN, Character.toString(c), spaced);
        } else {
            throw malformed("unexpected character '" + c + "' in an action");
        }
    }

    private String word() {
        int from = at;
        while (at < source.length() && isWord(source.charAt(at))) at++;
        return source.substring(from, at);
    }

    private String string(char quote) {
        StringBuilder out = new StringBuilder();
        for (at++; at < source.length(); at++) {
            char c = source.charAt(at);
            if (c == quote) {
                at++;
                return out.toString();
            }
            if (c == '\n' && quote != '`') break;
            if (c == '\\' && quote != '`') escape(out);
            else out.append(c);
        }
        throw malformed("a string is not closed");
    }

    private void escape(StringBuilder out) {
        at++;
        char c = at < source.length() ? source.charAt(at) : ' ';
        switch (c) {
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000b');
            case '\\', '\'', '"' -> out.append(c);
            case 'x' -> code(2, out);
            case 'u' -> code(4, out);
            case 'U' -> code(8, out);
            default -> throw malformed("unknown escape \\" + c);
        }
    }

    private void code(int digits, StringBuilder out) {
        int end = at + 1 + digits;
        String text = end <= source.length() ? source.substring(at + 1, end) : "";
        if (!text.matches("[0-9A-Fa-f]+")) throw malformed("an escape without its digits");
        long value = Long.parseLong(text, 16);
        if (!Character.isValidCodePoint((int) value) || (digits == 2 && value > 127))
            throw malformed("no character \\" + text);
        out.appendCodePoint((int) value);
        at += digits;
    }

    private boolean startsWith(String text) {
        return source.startsWith(text, at);
    }

    static boolean isSpace(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWord(char c) {
        return c == '_' || Character.isLetterOrDigit(c);
    }

    private static String trimmedLeft(String text) {
        int from = 0;
        while (from < text.length() && isSpace(text.charAt(from))) from++;
        return text.substring(from);
    }

    private static String trimmedRight(String text) {
        int to = text.length();
        while (to > 0 && isSpace(text.charAt(to - 1))) to--;
        return text.substring(0, to);
    }

    private void text(String text) {
        if (!text.isEmpty()) add(Token.Kind.TEXT, text, false);
    }

    private void add(Token.Kind kind, String text, boolean spaced) {
        tokens.add(new Token(kind, text, spaced, line()));
    }

    /** The line of the place that was reached, counted on from where it was asked for last. */
    private int line() {
        for (; counted < at; counted++) {
            if (source.charAt(counted) == '\n') line++;
        }
        return line;
    }

    private TemplateError malformed(String what) {
        return new TemplateError(line(), what, null);
    }
}
