package tk.modelfile;

import tk.error.UsageException;
import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes a Modelfile that reads back as the same instructions, or refuses, saying why the grammar
 * cannot express them.
 */
public final class ModelfileWriter {
    private ModelfileWriter() {}

    /**
     * The text, ending with a line feed.
     *
     * @throws UsageException where an instruction cannot be expressed
     */
    public static String write(Modelfile modelfile) {
        StringBuilder out = new StringBuilder();
        for (Instruction instruction : modelfile.instructions()) {
            out.append(line(instruction)).append('\n');
        }
        return out.toString();
    }

    /**
     * A Modelfile that says less than it should.
     *
     * @param text with a comment for each loss
     * @param losses what is missing, and why
     */
    public record Lossy(String text, List<String> losses) {
        /** Copies the list. */
        public Lossy {
            losses = List.copyOf(losses);
        }
    }

    /**
     * Writes what can be expressed: a text without its characters that do not print, and where that
     * is not enough, no text.
     */
    public static Lossy writeWhatCanBe(Modelfile modelfile) {
        StringBuilder out = new StringBuilder();
        List<String> losses = new ArrayList<>();
        for (Instruction instruction : modelfile.instructions()) {
            try {
                out.append(line(instruction)).append('\n');
            } catch (UsageException inexpressible) {
                losses.add(inexpressible.getMessage());
                out.append("# ").append(inexpressible.getMessage()).append('\n');
                printable(instruction).ifPresent(less -> out.append(less).append('\n'));
            }
        }
        return new Lossy(out.toString(), losses);
    }

    private static Optional<String> printable(Instruction instruction) {
        Instruction less =
                switch (instruction) {
                    case Template(String text) -> new Template(printable(text));
                    case SystemMessage(String text) -> new SystemMessage(printable(text));
                    case License(String text) -> new License(printable(text));
                    case Message(String role, String text) -> new Message(role, printable(text));
                    case Parameter(String name, String value) ->
                            new Parameter(name, printable(value));
                    default -> instruction;
                };
        try {
            return Optional.of(line(less));
        } catch (UsageException inexpressible) {
            return Optional.empty();
        }
    }

    /** A text from a file of Windows': its lines end as a Modelfile's do. */
    public static String lineFeeds(String text) {
        return text.replace("\r\n", "\n").replace('\r', '\n');
    }

    /** A licence as it can be written: its text counts, not which of Unicode's spaces parts it. */
    public static License licence(String text) {
        StringBuilder spaced = new StringBuilder();
        lineFeeds(text)
                .codePoints()
                .map(c -> !isKept(c) && Character.isSpaceChar(c) ? ' ' : c)
                .forEach(spaced::appendCodePoint);
        return new License(printable(spaced.toString()));
    }

    private static String printable(String text) {
        StringBuilder kept = new StringBuilder();
        text.codePoints().filter(ModelfileWriter::isKept).forEach(kept::appendCodePoint);
        return kept.toString();
    }

    private static String line(Instruction instruction) {
        return switch (instruction) {
            case From(String model) -> "FROM " + plain("FROM", model);
            case Parameter(String name, String value) ->
                    "PARAMETER " + name(name) + " " + parameter(name, value);
            case Template(String text) -> "TEMPLATE " + quoted("TEMPLATE", text);
            case SystemMessage(String text) -> "SYSTEM " + quoted("SYSTEM", text);
            case License(String text) -> "LICENSE " + quoted("LICENSE", text);
            case Message(String role, String content) ->
                    "MESSAGE " + role(role) + " " + quoted("MESSAGE", content);
            case Adapter(String path) -> "ADAPTER " + plain("ADAPTER", path);
            case Requires(String version) -> "REQUIRES " + version(version);
            case Other(String keyword, String value) ->
                    keyword(keyword) + " " + plain(keyword, value);
        };
    }

    /** A value on its own line without quotation marks: paths and versions. */
    private static String plain(String keyword, String value) {
        requirePrintable(keyword, value);
        boolean survives =
                value.equals(ModelfileGrammar.trim(value))
                        && !value.isEmpty()
                        && !value.startsWith("\"")
                        && value.indexOf('\n') < 0;
        if (!survives)
            throw inexpressible(keyword, "`" + value + "` would read back as something else");
        return value;
    }

    private static String parameter(String name, String value) {
        String keyword = "PARAMETER " + name;
        requirePrintable(keyword, value);
        if (!name.equals("stop")) return plain(keyword, value);
        if (value.indexOf('"') < 0 && value.indexOf('\n') < 0) return "\"" + value + "\"";
        return quoted(keyword, value);
    }

    /** A text between triple quotation marks. */
    private static String quoted(String keyword, String text) {
        requirePrintable(keyword, text);
        for (int i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) {
            String soFar = ModelfileGrammar.trim(ModelfileGrammar.TRIPLE + text.substring(0, i));
            if (soFar.length() >= 6 && soFar.endsWith(ModelfileGrammar.TRIPLE)) {
                throw inexpressible(
                        keyword, "a line within the text ends with three quotation marks");
            }
        }
        return ModelfileGrammar.TRIPLE + text + ModelfileGrammar.TRIPLE;
    }

    private static String name(String name) {
        if (name.isEmpty() || !name.chars().allMatch(ModelfileGrammar::isWordCharacter)) {
            throw inexpressible("PARAMETER", "`" + name + "` is no parameter name");
        }
        return name;
    }

    private static String role(String role) {
        if (!ModelfileGrammar.isRole(role)) throw inexpressible("MESSAGE", "role `" + role + "`");
        return role;
    }

    private static String version(String version) {
        if (!ModelfileGrammar.isVersion(version)) {
            throw inexpressible("REQUIRES", "`" + version + "` is no version such as 0.14.0");
        }
        return version;
    }

    private static String keyword(String keyword) {
        return switch (keyword) {
            case "RENDERER", "PARSER", "DRAFT" -> keyword;
            default -> throw inexpressible(keyword, "Ollama knows no such instruction");
        };
    }

    private static boolean isKept(int c) {
        return c == '\n' || c == '\t' || ModelfileGrammar.isPrintable(c);
    }

    private static void requirePrintable(String keyword, String text) {
        text.codePoints()
                .filter(c -> !isKept(c))
                .findFirst()
                .ifPresent(
                        c -> {
                            throw inexpressible(
                                    keyword,
                                    c == '\r'
                                            ? "a carriage return (U+000D) ends lines of its own there"
                                            : "Ollama drops the character U+%04X, which does not print"
                                                    .formatted(c));
                        });
    }

    private static UsageException inexpressible(String keyword, String why) {
        return new UsageException(
                keyword + " cannot be written into a Modelfile: " + why,
                "Change the text, or leave it out; `tk package --install` writes to Ollama's store, which has no such limits.");
    }
}
