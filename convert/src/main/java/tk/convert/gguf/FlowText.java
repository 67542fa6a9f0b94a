package tk.convert.gguf;

import tk.convert.gguf.FrontMatter.Unreadable;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** YAML in brackets: {@code [a, "b", {c: d}]}. */
final class FlowText {
    private static final int MAX_DEPTH = 32;

    private final String text;
    private int at;
    private int depth;

    FlowText(String text) {
        this.text = text;
    }

    /** The value that is the whole text, but for a comment after it. */
    JsonValue whole() throws Unreadable {
        JsonValue value = value();
        skipSpaces();
        if (at < text.length() && text.charAt(at) != '#') throw unreadable();
        return value;
    }

    private Unreadable unreadable() {
        String rest = text.substring(Math.min(at, text.length()));
        return new Unreadable("cannot be understood from `%s` on".formatted(rest));
    }

    private void skipSpaces() {
        while (at < text.length() && text.charAt(at) == ' ') at++;
    }

    private boolean take(char c) {
        skipSpaces();
        if (at >= text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private JsonValue value() throws Unreadable {
        if (++depth > MAX_DEPTH) throw unreadable();
        JsonValue value;
        if (take('[')) value = list();
        else if (take('{')) value = mapping();
        else value = scalar();
        depth--;
        return value;
    }

    private JsonArray list() throws Unreadable {
        List<JsonValue> items = new ArrayList<>();
        while (!take(']')) {
            int start = at;
            JsonValue item = value();
            items.add(
                    item instanceof JsonBoolean
                            ? new JsonString(text.substring(start, at).strip())
                            : item);
            if (take(',')) continue;
            if (!take(']')) throw unreadable();
            break;
        }
        return new JsonArray(items);
    }

    private JsonObject mapping() throws Unreadable {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        while (!take('}')) {
            JsonValue key = scalar();
            JsonValue value = take(':') ? value() : JsonNull.NULL;
            members.put(key instanceof JsonString(String name) ? name : key.toString(), value);
            if (take(',')) continue;
            if (!take('}')) throw unreadable();
            break;
        }
        return new JsonObject(members);
    }

    private JsonValue scalar() throws Unreadable {
        skipSpaces();
        if (at >= text.length()) throw unreadable();
        char quote = text.charAt(at);
        int start = at;
        if (quote == '"' || quote == '\'') {
            for (at++; at < text.length(); at++) {
                char c = text.charAt(at);
                if (c == '\\' && quote == '"') {
                    at++;
                } else if (c == quote) {
                    boolean doubled =
                            quote == '\'' && at + 1 < text.length() && text.charAt(at + 1) == '\'';
                    if (!doubled) {
                        at++;
                        return new JsonString(FrontMatter.unquoted(text.substring(start, at)));
                    }
                    at++;
                }
            }
            throw unreadable();
        }
        while (at < text.length()) {
            char c = text.charAt(at);
            if (",[]{}".indexOf(c) >= 0) break;
            if (c == ':' && (at + 1 == text.length() || " ,]}".indexOf(text.charAt(at + 1)) >= 0)) {
                break;
            }
            at++;
        }
        if (at == start) throw unreadable();
        return FrontMatter.plain(text.substring(start, at).strip());
    }

    /** The text of a double-quoted scalar. */
    static String unescaped(String inside) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < inside.length(); i++) {
            char c = inside.charAt(i);
            if (c != '\\' || i + 1 == inside.length()) {
                out.append(c);
                continue;
            }
            char escape = inside.charAt(++i);
            int digits =
                    switch (escape) {
                        case 'x' -> 2;
                        case 'u' -> 4;
                        case 'U' -> 8;
                        default -> 0;
                    };
            if (digits > 0 && i + digits < inside.length()) {
                String hex = inside.substring(i + 1, i + 1 + digits);
                if (hex.matches("[0-9a-fA-F]+")) {
                    int point = Integer.parseUnsignedInt(hex, 16);
                    if (Character.isValidCodePoint(point)) out.appendCodePoint(point);
                    i += digits;
                    continue;
                }
            }
            out.append(
                    switch (escape) {
                        case 'n' -> '\n';
                        case 't' -> '\t';
                        case 'r' -> '\r';
                        case '0' -> '\0';
                        case 'e' -> '\u001b';
                        default -> escape;
                    });
        }
        return out.toString();
    }
}
