package tk.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;

/** The methods of Python's {@code str} that templates use. */
final class StringMethods {
    private final Operators operators;

    StringMethods(Operators operators) {
        this.operators = operators;
    }

    Optional<Object> method(String s, String name) {
        Function method =
                switch (name) {
                    case "strip" -> a -> strip(s, a, name, true, true);
                    case "lstrip" -> a -> strip(s, a, name, true, false);
                    case "rstrip" -> a -> strip(s, a, name, false, true);
                    case "split" -> a -> split(s, a, false);
                    case "rsplit" -> a -> split(s, a, true);
                    case "splitlines" ->
                            a ->
                                    PythonStrings.lines(
                                            s,
                                            Operators.truth(
                                                    a.bind(name, "keepends")
                                                            .get("keepends", false)));
                    case "upper" -> a -> s.toUpperCase(Locale.ROOT);
                    case "lower" -> a -> s.toLowerCase(Locale.ROOT);
                    case "casefold" -> a -> s.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
                    case "capitalize" -> a -> capitalized(s);
                    case "title" -> a -> titled(s);
                    case "swapcase" -> a -> swapped(s);
                    case "startswith" -> a -> affix(s, a, name);
                    case "endswith" -> a -> affix(s, a, name);
                    case "replace" -> a -> replace(s, a);
                    case "removeprefix" ->
                            a -> {
                                String prefix = a.bind(name, "prefix").text("prefix", "");
                                return s.startsWith(prefix) ? s.substring(prefix.length()) : s;
                            };
                    case "removesuffix" ->
                            a -> {
                                String suffix = a.bind(name, "suffix").text("suffix", "");
                                return s.endsWith(suffix)
                                        ? s.substring(0, s.length() - suffix.length())
                                        : s;
                            };
                    case "find", "index" -> a -> find(s, a, name, false);
                    case "rfind", "rindex" -> a -> find(s, a, name, true);
                    case "count" -> a -> count(s, a);
                    case "join" -> a -> join(s, a.bind(name, "iterable").required("iterable"));
                    case "partition", "rpartition" -> a -> partition(s, a, name);
                    case "zfill" -> a -> zfill(s, a.bind(name, "width").whole("width", 0));
                    case "ljust", "rjust", "center" -> a -> justified(s, a, name);
                    case "isspace" -> a -> PythonStrings.isSpace(s);
                    case "isdigit", "isdecimal", "isnumeric" -> a -> all(s, Character::isDigit);
                    case "isalpha" -> a -> all(s, Character::isLetter);
                    case "isalnum" -> a -> all(s, Character::isLetterOrDigit);
                    case "isascii" -> a -> s.chars().allMatch(c -> c < 128);
                    case "isupper" ->
                            a ->
                                    s.equals(s.toUpperCase(Locale.ROOT))
                                            && s.codePoints().anyMatch(Character::isUpperCase);
                    case "islower" ->
                            a ->
                                    s.equals(s.toLowerCase(Locale.ROOT))
                                            && s.codePoints().anyMatch(Character::isLowerCase);
                    case "istitle",
                            "isidentifier",
                            "isprintable",
                            "encode",
                            "expandtabs",
                            "format",
                            "format_map",
                            "maketrans",
                            "translate" ->
                            a -> {
                                throw new tk.error.UnsupportedException(
                                        "a chat template calls str.%s(), which tk does not know"
                                                .formatted(name));
                            };
                    default -> null;
                };
        return Optional.ofNullable(method);
    }

    private static Object strip(String s, Arguments a, String name, boolean left, boolean right) {
        Optional<Object> characters = a.bind(name, "chars").optional("chars");
        IntPredicate of =
                characters.isEmpty()
                        ? PythonStrings::isSpace
                        : PythonStrings.in(text(characters.get(), name));
        return PythonStrings.strip(s, of, left, right);
    }

    private static String text(Object value, String function) {
        if (value instanceof String text) return text;
        throw new JinjaError(
                "%s() argument must be str, not %s".formatted(function, Types.name(value)));
    }

    private Object split(String s, Arguments a, boolean right) {
        operators.budget().size(s.length());
        var bound = a.bind("split", "sep", "maxsplit");
        long most = bound.whole("maxsplit", -1);
        Optional<Object> separator = bound.optional("sep");
        if (separator.isEmpty())
            return right ? PythonStrings.wordsFromRight(s, most) : PythonStrings.words(s, most);
        String by = text(separator.get(), "split");
        if (by.isEmpty()) throw new JinjaError("empty separator");
        return right ? PythonStrings.splitFromRight(s, by, most) : PythonStrings.split(s, by, most);
    }

    static String capitalized(String s) {
        if (s.isEmpty()) return s;
        int first = s.codePointAt(0);
        return Character.toString(Character.toTitleCase(first))
                + s.substring(Character.charCount(first)).toLowerCase(Locale.ROOT);
    }

    private static String titled(String s) {
        StringBuilder out = new StringBuilder();
        boolean inWord = false;
        for (int i = 0; i < s.length(); ) {
            int c = s.codePointAt(i);
            String one = Character.toString(c);
            if (inWord) out.append(one.toLowerCase(Locale.ROOT));
            else out.appendCodePoint(Character.toTitleCase(c));
            inWord = Character.isLetter(c);
            i += Character.charCount(c);
        }
        return out.toString();
    }

    private static String swapped(String s) {
        StringBuilder out = new StringBuilder();
        s.codePoints()
                .mapToObj(
                        c -> {
                            String one = Character.toString(c);
                            return Character.isUpperCase(c)
                                    ? one.toLowerCase(Locale.ROOT)
                                    : one.toUpperCase(Locale.ROOT);
                        })
                .forEach(out::append);
        return out.toString();
    }

    private Object affix(String s, Arguments a, String name) {
        var bound = a.bind(name, "affix", "start", "end");
        Object affix = bound.required("affix");
        String within = part(s, bound);
        List<Object> any = affix instanceof Tuple(var items) ? items : List.of(affix);
        for (Object one : any) {
            String text = text(one, name);
            if (name.equals("startswith") ? within.startsWith(text) : within.endsWith(text))
                return true;
        }
        return false;
    }

    private String part(String s, Arguments.Bound bound) {
        if (bound.optional("start").isEmpty() && bound.optional("end").isEmpty()) return s;
        Optional<Long> start = bound.optional("start").map(Operators::asLong);
        Optional<Long> end = bound.optional("end").map(Operators::asLong);
        return operators.str(new Lookup(operators).slice(s, start, end, Optional.empty()));
    }

    private Object replace(String s, Arguments a) {
        var bound = a.bind("replace", "old", "new", "count");
        return replaced(
                s,
                text(bound.required("old"), "replace"),
                text(bound.required("new"), "replace"),
                bound.whole("count", -1));
    }

    /** With so many occurrences replaced; all where negative. */
    String replaced(String s, String old, String by, long count) {
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (long done = 0; count < 0 || done < count; done++) {
            int at = old.isEmpty() ? emptyMatch(s, from, done) : s.indexOf(old, from);
            if (at < 0) break;
            operators.budget().size((long) at - from + by.length());
            out.append(s, from, at).append(by);
            from = at + old.length();
        }
        operators.budget().size(s.length() - from);
        return out.append(s, from, s.length()).toString();
    }

    /** The empty text is found before every character, and once at the end. */
    private static int emptyMatch(String s, int from, long done) {
        if (done == 0) return 0;
        return from < s.length() ? s.offsetByCodePoints(from, 1) : -1;
    }

    private Object find(String s, Arguments a, String name, boolean last) {
        var bound = a.bind(name, "sub", "start", "end");
        String sought = text(bound.required("sub"), name);
        String within = part(s, bound);
        int at = last ? within.lastIndexOf(sought) : within.indexOf(sought);
        if (at < 0) {
            if (name.endsWith("index")) throw new JinjaError("substring not found");
            return -1L;
        }
        long length = PythonStrings.length(s);
        long start = bound.optional("start").map(Operators::asLong).orElse(0L);
        long offset = start < 0 ? Math.max(0, start + length) : start;
        return offset + within.codePointCount(0, at);
    }

    private Object count(String s, Arguments a) {
        var bound = a.bind("count", "sub", "start", "end");
        String sought = text(bound.required("sub"), "count");
        String within = part(s, bound);
        if (sought.isEmpty()) return PythonStrings.length(within) + 1L;
        return PythonStrings.split(within, sought, -1).size() - 1L;
    }

    private Object join(String separator, Object iterable) {
        List<Object> parts = new ArrayList<>();
        for (Object item : operators.items(iterable)) {
            if (!(item instanceof String)) {
                throw new JinjaError(
                        "sequence item %d: expected str instance, %s found"
                                .formatted(parts.size() / 2, Types.name(item)));
            }
            if (!parts.isEmpty()) parts.add(separator);
            parts.add(item);
        }
        return operators.concatenated(parts);
    }

    private static Object partition(String s, Arguments a, String name) {
        String by = text(a.bind(name, "sep").required("sep"), name);
        if (by.isEmpty()) throw new JinjaError("empty separator");
        boolean last = name.startsWith("r");
        int at = last ? s.lastIndexOf(by) : s.indexOf(by);
        if (at < 0) return new Tuple(last ? List.of("", "", s) : List.of(s, "", ""));
        return new Tuple(List.of(s.substring(0, at), by, s.substring(at + by.length())));
    }

    private Object zfill(String s, long width) {
        long missing = Math.max(0, width - PythonStrings.length(s));
        operators.budget().size(missing + s.length());
        boolean signed = s.startsWith("+") || s.startsWith("-");
        return (signed ? s.substring(0, 1) : "")
                + "0".repeat((int) missing)
                + (signed ? s.substring(1) : s);
    }

    private Object justified(String s, Arguments a, String name) {
        var bound = a.bind(name, "width", "fillchar");
        long missing = Math.max(0, bound.whole("width", 0) - PythonStrings.length(s));
        return padded(s, missing, bound.text("fillchar", " "), name);
    }

    /**
     * With so many characters added around it, as {@code ljust}, {@code rjust} or {@code center}.
     */
    String padded(String s, long missing, String fill, String name) {
        operators.budget().size(missing + s.length());
        long width = missing + PythonStrings.length(s);
        long left =
                switch (name) {
                    case "ljust" -> 0;
                    case "rjust" -> missing;
                    default -> missing / 2 + (missing & width & 1);
                };
        return fill.repeat((int) left) + s + fill.repeat((int) (missing - left));
    }

    private static boolean all(String s, IntPredicate predicate) {
        return !s.isEmpty() && s.codePoints().allMatch(predicate);
    }
}
