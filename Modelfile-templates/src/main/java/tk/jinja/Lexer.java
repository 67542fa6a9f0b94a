package tk.jinja;

import tk.error.MalformedException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Cuts a template into tokens, with the whitespace rules that transformers sets: the line feed
 * after a block is dropped ({@code trim_blocks}), so is the space before a block that begins a line
 * ({@code lstrip_blocks}), and one line feed at the end of the template.
 */
final class Lexer {
    private static final List<String> OPERATORS =
            List.of(
                    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(",
                    ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String template) {
        String text = template.replace("\r\n", "\n").replace('\r', '\n');
        source = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    static List<Token> tokens(String template) {
        Lexer lexer = new Lexer(template);
        while (lexer.at < lexer.source.length()) lexer.next();
        lexer.add(Token.Kind.END, "");
        return lexer.tokens;
    }

    private void next() {
        int begin = at;
        while (begin < source.length() && !opensAt(begin)) begin++;
        if (begin == source.length()) {
            text(source.substring(at));
            at = begin;
            return;
        }
        char kind = source.charAt(begin + 1);
        char sign = begin + 2 < source.length() ? source.charAt(begin + 2) : ' ';
        text(leftStripped(source.substring(at, begin), kind, sign));
        at = begin + (sign == '-' || sign == '+' ? 3 : 2);
        switch (kind) {
            case '#' -> comment();
            case '{' -> {
                add(Token.Kind.OUTPUT_BEGIN, "{{");
                code("}}", Token.Kind.OUTPUT_END);
            }
            default -> {
                if (skipsRawBegin()) {
                    raw();
                } else {
                    add(Token.Kind.BLOCK_BEGIN, "{%");
                    code("%}", Token.Kind.BLOCK_END);
                }
            }
        }
    }

    private boolean opensAt(int index) {
        if (source.charAt(index) != '{' || index + 1 >= source.length()) return false;
        char next = source.charAt(index + 1);
        return next == '{' || next == '%' || next == '#';
    }

    private String leftStripped(String text, char kind, char sign) {
        if (sign == '-') return PythonStrings.stripRight(text);
        if (sign == '+' || kind == '{') return text;
        int line = text.lastIndexOf('\n') + 1;
        boolean lineBegins = line > 0 || at == 0 || source.charAt(at - 1) == '\n';
        return lineBegins && PythonStrings.isSpace(text.substring(line))
                ? text.substring(0, line)
                : text;
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) throw malformed("a comment is not closed");
        boolean trims = end > at && source.charAt(end - 1) == '-';
        boolean keeps = end > at && source.charAt(end - 1) == '+';
        at = end + 2;
        after(trims, !keeps);
    }

    /** What follows the end of a block or comment and vanishes with it. */
    private void after(boolean trims, boolean dropsLineFeed) {
        if (trims) skipSpace();
        else if (dropsLineFeed && at < source.length() && source.charAt(at) == '\n') at++;
    }

    private boolean skipsRawBegin() {
        int start = at;
        skipSpace();
        if (source.startsWith("raw", at)) {
            at += 3;
            skipSpace();
            if (source.startsWith("%}", at)) {
                at += 2;
                return true;
            }
            if (source.startsWith("-%}", at)) {
                at += 3;
                skipSpace();
                return true;
            }
        }
        at = start;
        return false;
    }

    private void raw() {
        int begin = at;
        for (int block = source.indexOf("{%", at); block >= 0; ) {
            int start = at;
            at = block + 2;
            char sign = at < source.length() ? source.charAt(at) : ' ';
            if (sign == '-' || sign == '+') at++;
            skipSpace();
            if (source.startsWith("endraw", at)) {
                at += "endraw".length();
                skipSpace();
                boolean trims = source.startsWith("-%}", at);
                boolean keeps = source.startsWith("+%}", at);
                if (trims || keeps) at++;
                if (source.startsWith("%}", at)) {
                    int end = at + 2;
                    at = begin;
                    text(leftStripped(source.substring(begin, block), '%', sign));
                    at = end;
                    after(trims, !keeps);
                    return;
                }
            }
            at = start;
            block = source.indexOf("{%", block + 2);
        }
        throw malformed("a raw block is not closed");
    }

    private void code(String end, Token.Kind endKind) {
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            skipSpace();
            if (at >= source.length()) throw malformed("'" + end + "' is missing");
            if (open.isEmpty() && ends(end, endKind)) return;
            char c = source.charAt(at);
            if (isDigit(c)) number();
            else if (Character.isUnicodeIdentifierStart(c) || c == '_') name();
            else if (c == '"' || c == '\'') string(c);
            else operator(open);
        }
    }

    private boolean ends(String end, Token.Kind kind) {
        char sign = source.charAt(at);
        boolean signed = sign == '-' || (sign == '+' && kind == Token.Kind.BLOCK_END);
        if (!source.startsWith(end, signed ? at + 1 : at)) return false;
        add(kind, end);
        at += signed ? 3 : 2;
        after(sign == '-', kind == Token.Kind.BLOCK_END && sign != '+');
        return true;
    }

    private void operator(Deque<Character> open) {
        for (String operator : OPERATORS) {
            if (!source.startsWith(operator, at)) continue;
            switch (operator) {
                case "(" -> open.push(')');
                case "[" -> open.push(']');
                case "{" -> open.push('}');
                case ")", "]", "}" -> {
                    if (open.isEmpty() || open.pop() != operator.charAt(0))
                        throw malformed("unexpected '" + operator + "'");
                }
                default -> {}
            }
            add(Token.Kind.OPERATOR, operator);
            at += operator.length();
            return;
        }
        throw malformed("unexpected character '" + source.charAt(at) + "'");
    }

    private void name() {
        int from = at;
        while (at < source.length()
                && (Character.isUnicodeIdentifierPart(source.charAt(at))
                        && !Character.isIdentifierIgnorable(source.charAt(at)))) at++;
        add(Token.Kind.NAME, source.substring(from, at));
    }

    private void number() {
        int from = at;
        boolean isFloat = false;
        if (source.charAt(at) == '0' && at + 1 < source.length()) {
            char base = Character.toLowerCase(source.charAt(at + 1));
            if (base == 'x' || base == 'o' || base == 'b') {
                at += 2;
                while (at < source.length() && isHexDigit(source.charAt(at))) at++;
                int radix = base == 'x' ? 16 : base == 'o' ? 8 : 2;
                integer(source.substring(from + 2, at).replace("_", ""), radix);
                return;
            }
        }
        digits();
        boolean afterDot = from > 0 && source.charAt(from - 1) == '.';
        if (!afterDot) {
            if (at + 1 < source.length()
                    && source.charAt(at) == '.'
                    && isDigit(source.charAt(at + 1))) {
                at++;
                digits();
                isFloat = true;
            }
            if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
                int digit = at + 1;
                if (digit < source.length() && "+-".indexOf(source.charAt(digit)) >= 0) digit++;
                if (digit < source.length() && isDigit(source.charAt(digit))) {
                    at = digit;
                    digits();
                    isFloat = true;
                }
            }
        }
        String digits = source.substring(from, at).replace("_", "");
        if (isFloat) add(Token.Kind.FLOAT, digits);
        else integer(digits, 10);
    }

    private void integer(String digits, int radix) {
        try {
            add(Token.Kind.INTEGER, Long.toString(Long.parseLong(digits, radix)));
        } catch (NumberFormatException e) {
            throw malformed("no whole number of 64 bits: " + digits);
        }
    }

    private void digits() {
        while (at < source.length()
                && (isDigit(source.charAt(at))
                        || (source.charAt(at) == '_'
                                && at + 1 < source.length()
                                && isDigit(source.charAt(at + 1))))) at++;
    }

    private void string(char quote) {
        int from = ++at;
        boolean escaped = false;
        for (; at < source.length(); at++) {
            char c = source.charAt(at);
            if (escaped) escaped = false;
            else if (c == '\\') escaped = true;
            else if (c == quote) {
                add(Token.Kind.STRING, Escapes.decoded(source.substring(from, at)));
                at++;
                return;
            }
        }
        throw malformed("a string is not closed");
    }

    private void skipSpace() {
        while (at < source.length() && PythonStrings.isSpace(source.charAt(at))) at++;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isHexDigit(char c) {
        return c == '_' || Character.digit(c, 16) >= 0 && c < 128;
    }

    private void text(String text) {
        if (!text.isEmpty()) add(Token.Kind.TEXT, text);
    }

    private void add(Token.Kind kind, String text) {
        tokens.add(new Token(kind, text, line()));
    }

    private int lineOffset;
    private int lineNumber = 1;

    private int line() {
        for (; lineOffset < at; lineOffset++) {
            if (source.charAt(lineOffset) == '\n') lineNumber++;
        }
        return lineNumber;
    }

    private MalformedException malformed(String what) {
        return new MalformedException("chat template, line %d: %s".formatted(line(), what));
    }
}
