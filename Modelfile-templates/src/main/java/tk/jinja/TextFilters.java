package tk.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The filters that make text of text. */
final class TextFilters {
    /** Where jinja2 begins a new word of a title: spaces, hyphens and opening brackets. */
    private static final Pattern TITLE_PART =
            Pattern.compile("[-\\s(\\{\\[<]+|[^-\\s(\\{\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);

    private final Operators operators;
    private final StringMethods strings;

    TextFilters(Operators operators) {
        this.operators = operators;
        this.strings = new StringMethods(operators);
    }

    Object apply(String name, Arguments arguments) {
        return switch (name) {
            case "upper" -> text(name, arguments).toUpperCase(Locale.ROOT);
            case "lower" -> text(name, arguments).toLowerCase(Locale.ROOT);
            case "capitalize" -> StringMethods.capitalized(text(name, arguments));
            case "title" -> title(text(name, arguments));
            case "wordcount" -> WORD.matcher(text(name, arguments)).results().count();
            case "trim" -> {
                var bound = arguments.bind(name, "value", "chars");
                String value = operators.str(bound.required("value"));
                yield bound.optional("chars")
                        .map(
                                chars ->
                                        PythonStrings.strip(
                                                value,
                                                PythonStrings.in(operators.str(chars)),
                                                true,
                                                true))
                        .orElseGet(() -> PythonStrings.strip(value));
            }
            case "replace" -> {
                var bound = arguments.bind(name, "s", "old", "new", "count");
                yield strings.replaced(
                        operators.str(bound.required("s")),
                        operators.str(bound.required("old")),
                        operators.str(bound.required("new")),
                        bound.optional("count").map(Operators::asLong).orElse(-1L));
            }
            case "center" -> {
                var bound = arguments.bind(name, "value", "width");
                String value = operators.str(bound.required("value"));
                long missing = bound.whole("width", 80) - PythonStrings.length(value);
                yield strings.padded(value, Math.max(0, missing), " ", "center");
            }
            case "format" -> {
                Object format = arguments.positional().getFirst();
                Object values =
                        arguments.named().isEmpty()
                                ? new Tuple(arguments.from(1).positional())
                                : arguments.named();
                yield new PrintfFormat(operators).format(operators.str(format), values);
            }
            case "indent" -> indent(arguments);
            case "truncate" -> truncate(arguments);
            default -> throw new IllegalStateException(name);
        };
    }

    private String text(String name, Arguments arguments) {
        return operators.str(arguments.bind(name, "s").required("s"));
    }

    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        Matcher part = TITLE_PART.matcher(text);
        while (part.find()) {
            String word = part.group();
            int first = word.offsetByCodePoints(0, 1);
            out.append(word.substring(0, first).toUpperCase(Locale.ROOT))
                    .append(word.substring(first).toLowerCase(Locale.ROOT));
        }
        return out.toString();
    }

    private String indent(Arguments arguments) {
        var bound = arguments.bind("indent", "s", "width", "first", "blank");
        Object width = bound.get("width", 4L);
        String indention =
                width instanceof String s
                        ? s
                        : " ".repeat(Math.clamp(Operators.asLong(width), 0, 1000));
        boolean blank = Operators.truth(bound.get("blank", false));
        String text = bound.required("s") instanceof String s ? s : fail(bound.required("s"));
        List<Object> lines = PythonStrings.lines(text + "\n", false);
        List<Object> out = new ArrayList<>();
        if (Operators.truth(bound.get("first", false))) out.add(indention);
        for (int i = 0; i < lines.size(); i++) {
            if (i > 0) out.add("\n");
            boolean indents = i > 0 && (blank || !lines.get(i).equals(""));
            if (indents) out.add(indention);
            out.add(lines.get(i));
        }
        return operators.concatenated(out);
    }

    private static String fail(Object value) {
        throw new JinjaError("indent() needs a string, not " + Types.name(value));
    }

    private String truncate(Arguments arguments) {
        var bound = arguments.bind("truncate", "s", "length", "killwords", "end", "leeway");
        String text = operators.str(bound.required("s"));
        long length = bound.whole("length", 255);
        String end = bound.text("end", "...");
        long leeway = bound.optional("leeway").map(Operators::asLong).orElse(5L);
        long kept = length - PythonStrings.length(end);
        if (kept < 0 || leeway < 0)
            throw new JinjaError("truncate() to less than its end, or with leeway below 0");
        if (PythonStrings.length(text) <= length + leeway) return text;
        String cut = PythonStrings.slice(text, 0, (int) kept);
        if (!Operators.truth(bound.get("killwords", false))) {
            int space = cut.lastIndexOf(' ');
            if (space >= 0) cut = cut.substring(0, space);
        }
        return cut + end;
    }
}
