package tk.convert.gguf;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The YAML between two lines of {@code ---} at the beginning of a model card.
 *
 * <p>The part of YAML that model cards use: mappings and lists by indentation, lists and mappings
 * in brackets, plain, quoted and block scalars, comments. Numbers and dates stay as spelled.
 */
final class FrontMatter {
    private static final int MAX_DEPTH = 32;

    /** Thrown where the text is beyond that part of YAML. */
    static final class Unreadable extends Exception {
        private static final long serialVersionUID = 1L;

        Unreadable(String message) {
            super(message);
        }
    }

    private record Line(int indent, String text) {}

    private final List<Line> lines = new ArrayList<>();
    private int at;

    private FrontMatter(List<String> text) {
        for (String line : text) {
            String spaced = line.replace("\t", "  ");
            int indent = 0;
            while (indent < spaced.length() && spaced.charAt(indent) == ' ') indent++;
            lines.add(new Line(indent, spaced.substring(indent).stripTrailing()));
        }
    }

    /**
     * The mapping at the beginning of a card; empty where there is none.
     *
     * @throws Unreadable where it cannot be understood
     */
    static Optional<JsonObject> of(String card) throws Unreadable {
        List<String> all = card.replace("\r\n", "\n").replace('\r', '\n').lines().toList();
        if (all.isEmpty() || !all.getFirst().equals("---")) return Optional.empty();
        int end = 1;
        while (end < all.size() && !all.get(end).equals("---")) end++;
        FrontMatter matter = new FrontMatter(all.subList(1, end));
        matter.requirePrintable();
        matter.skipBlank();
        if (matter.at == matter.lines.size()) return Optional.empty();
        JsonValue value = matter.block(matter.lines.get(matter.at).indent, 0);
        matter.skipBlank();
        if (matter.at < matter.lines.size()) throw matter.unreadable("unexpected indentation");
        return value instanceof JsonObject object ? Optional.of(object) : Optional.empty();
    }

    /** YAML has no control characters. */
    private void requirePrintable() throws Unreadable {
        for (at = 0; at < lines.size(); at++) {
            if (lines.get(at).text.chars().anyMatch(c -> c < ' ' || c == 0x7f)) {
                throw unreadable("a control character");
            }
        }
        at = 0;
    }

    private void skipBlank() {
        while (at < lines.size() && isBlank(lines.get(at).text)) at++;
    }

    private static boolean isBlank(String text) {
        return text.isEmpty() || text.startsWith("#");
    }

    private Unreadable unreadable(String why) {
        return new Unreadable("line %d: %s".formatted(at + 2, why));
    }

    /** The value that begins at this line and goes on as long as lines are indented so far. */
    private JsonValue block(int indent, int depth) throws Unreadable {
        if (depth > MAX_DEPTH) throw unreadable("nested too deeply");
        Line line = lines.get(at);
        if (isItem(line.text)) return list(indent, depth);
        if (keyEnd(line.text) >= 0) return mapping(indent, depth);
        return inline(line.text, indent - 1);
    }

    private static boolean isItem(String text) {
        return text.equals("-") || text.startsWith("- ");
    }

    private JsonArray list(int indent, int depth) throws Unreadable {
        List<JsonValue> items = new ArrayList<>();
        for (skipBlank(); at < lines.size(); skipBlank()) {
            Line line = lines.get(at);
            if (line.indent != indent || !isItem(line.text)) break;
            String rest = line.text.substring(1).stripLeading();
            if (isBlank(rest)) {
                at++;
                skipBlank();
                boolean nested = at < lines.size() && lines.get(at).indent > indent;
                items.add(nested ? block(lines.get(at).indent, depth + 1) : JsonNull.NULL);
            } else {
                // What follows the dash is a block of its own, indented by as much as it stands in.
                int inner = indent + line.text.length() - rest.length();
                lines.set(at, new Line(inner, rest));
                JsonValue item = block(inner, depth + 1);
                items.add(item instanceof JsonBoolean ? new JsonString(rest) : item);
            }
        }
        return new JsonArray(items);
    }

    private JsonObject mapping(int indent, int depth) throws Unreadable {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        for (skipBlank(); at < lines.size(); skipBlank()) {
            Line line = lines.get(at);
            int end = keyEnd(line.text);
            if (line.indent != indent || end < 0 || isItem(line.text)) break;
            String key = unquoted(line.text.substring(0, end).strip());
            String rest = line.text.substring(end + 1).strip();
            members.put(key, isBlank(rest) ? nested(indent, depth) : inline(rest, indent));
        }
        return new JsonObject(members);
    }

    /** The block under a key; a list may stand at the key's own indentation. */
    private JsonValue nested(int indent, int depth) throws Unreadable {
        at++;
        skipBlank();
        if (at == lines.size()) return JsonNull.NULL;
        Line next = lines.get(at);
        boolean listHere = next.indent == indent && isItem(next.text);
        return next.indent > indent || listHere ? block(next.indent, depth + 1) : JsonNull.NULL;
    }

    /** Where the colon after a mapping's key stands, or -1 where the line has no key. */
    private static int keyEnd(String text) {
        if (text.isEmpty() || "[{&*!|>%@`".indexOf(text.charAt(0)) >= 0) return -1;
        int from = 0;
        char quote = text.charAt(0);
        if (quote == '"' || quote == '\'') {
            from = text.indexOf(quote, 1);
            if (from < 0) return -1;
        }
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '#' && i > 0 && text.charAt(i - 1) == ' ') return -1;
            boolean ends = i + 1 == text.length() || text.charAt(i + 1) == ' ';
            if (c == ':' && ends) return i;
        }
        return -1;
    }

    /**
     * A value that begins within a line; it may go on over the following lines that are indented
     * deeper than {@code indent}.
     */
    private JsonValue inline(String first, int indent) throws Unreadable {
        char c = first.charAt(0);
        if (c == '|' || c == '>') return new JsonString(blockScalar(first, indent));
        if (c == '&' || c == '*' || c == '!') throw unreadable("anchors and tags are not read");
        StringBuilder text = new StringBuilder(c == '"' || c == '\'' ? first : uncommented(first));
        at++;
        while (at < lines.size()) {
            boolean open = isOpen(text);
            Line line = lines.get(at);
            if (!open && (line.indent <= indent || isBlank(line.text))) break;
            if (!open && "[{\"'".indexOf(c) >= 0) break;
            if (!open && keyEnd(line.text) >= 0) throw unreadable("a key within a scalar");
            if (!isBlank(line.text)) text.append(' ').append(uncommented(line.text));
            at++;
        }
        if (isOpen(text)) throw unreadable("a bracket or quote is not closed");
        if (c == '[' || c == '{') {
            FlowText flow = new FlowText(text.toString());
            return flow.whole();
        }
        return c == '"' || c == '\''
                ? new JsonString(unquoted(uncommented(text.toString())))
                : plain(text.toString());
    }

    /** Whether a bracket or quote that the text begins with is still open at its end. */
    private static boolean isOpen(CharSequence text) {
        if (text.isEmpty()) return false;
        char first = text.charAt(0);
        if ("[{\"'".indexOf(first) < 0) return false;
        int depth = 0;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                if (c == '\\' && quote == '"') i++;
                else if (c == quote) quote = 0;
            } else if ((c == '"' || c == '\'')
                    && (i == 0 || "[{,: ".indexOf(text.charAt(i - 1)) >= 0)) {
                quote = c;
            } else if (c == '[' || c == '{') {
                depth++;
            } else if (c == ']' || c == '}') {
                depth--;
            }
        }
        return quote != 0 || (depth > 0 && (first == '[' || first == '{'));
    }

    private String blockScalar(String header, int indent) {
        boolean folded = header.charAt(0) == '>';
        at++;
        List<String> content = new ArrayList<>();
        int own = -1;
        for (; at < lines.size(); at++) {
            Line line = lines.get(at);
            if (line.text.isEmpty()) {
                content.add("");
                continue;
            }
            if (line.indent <= indent) break;
            if (own < 0) own = line.indent;
            content.add(" ".repeat(Math.max(0, line.indent - own)) + line.text);
        }
        int trailing = 0;
        while (!content.isEmpty() && content.getLast().isEmpty()) {
            content.removeLast();
            trailing++;
        }
        String text = folded ? folded(content) : String.join("\n", content);
        if (header.contains("-") || text.isEmpty()) return text;
        return text + "\n".repeat(header.contains("+") ? trailing + 1 : 1);
    }

    private static String folded(List<String> content) {
        StringBuilder text = new StringBuilder();
        boolean newline = true;
        for (String line : content) {
            if (line.isEmpty()) {
                text.append('\n');
                newline = true;
            } else {
                if (!newline) text.append(' ');
                text.append(line);
                newline = false;
            }
        }
        return text.toString();
    }

    static JsonValue plain(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "", "~", "null" -> JsonNull.NULL;
            case "true", "yes", "on" -> new JsonBoolean(true);
            case "false", "no", "off" -> new JsonBoolean(false);
            default -> new JsonString(text);
        };
    }

    /** Without the comment that begins with {@code #} after a space. */
    private static String uncommented(String text) {
        char quote = text.isEmpty() ? 0 : text.charAt(0);
        int from = 0;
        if (quote == '"' || quote == '\'') from = Math.max(0, text.lastIndexOf(quote));
        int comment = text.indexOf(" #", from);
        return (comment < 0 ? text : text.substring(0, comment)).strip();
    }

    static String unquoted(String text) {
        if (text.length() < 2) return text;
        char quote = text.charAt(0);
        if ((quote != '"' && quote != '\'') || text.charAt(text.length() - 1) != quote) return text;
        String inside = text.substring(1, text.length() - 1);
        return quote == '\'' ? inside.replace("''", "'") : FlowText.unescaped(inside);
    }
}
