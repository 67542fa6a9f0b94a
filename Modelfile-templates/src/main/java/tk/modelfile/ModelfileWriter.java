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
            switch (instruction) {
                case From(String model) -> out.append("FROM ").append(plain("FROM", model));
                case Parameter(String name, String value) ->
                        out.append("PARAMETER ")
                                .append(name(name))
                                .append(' ')
                                .append(parameter(name, value));
                case Template(String text) ->
                        out.append("TEMPLATE ").append(quoted("TEMPLATE", text));
                case SystemMessage(String text) ->
                        out.append("SYSTEM ").append(quoted("SYSTEM", text));
                case License(String text) -> out.append("LICENSE ").append(quoted("LICENSE", text));
                case Message(String role, String content) ->
                        out.append("MESSAGE ")
                                .append(role(role))
                                .append(' ')
                                .append(quoted("MESSAGE", content));
                case Adapter(String path) -> out.append("ADAPTER ").append(plain("ADAPTER", path));
                case Requires(String version) ->
                        out.append("REQUIRES ").append(plain("REQUIRES", version));
                case Other(String keyword, String value) ->
                        out.append(keyword).append(' ').append(plain(keyword, value));
            }
            out.append('\n');
        }
        return out.toString();
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
        return switch (role) {
            case "system", "user", "assistant" -> role;
            default -> throw inexpressible("MESSAGE", "role `" + role + "`");
        };
    }

    private static void requirePrintable(String keyword, String text) {
        text.codePoints()
                .filter(c -> c != '\n' && c != '\t' && !ModelfileGrammar.isPrintable(c))
                .findFirst()
                .ifPresent(
                        c -> {
                            throw inexpressible(
                                    keyword,
                                    "Ollama drops the character U+%04X from a Modelfile"
                                            .formatted(c));
                        });
    }

    private static UsageException inexpressible(String keyword, String why) {
        return new UsageException(
                keyword + " cannot be written into a Modelfile: " + why,
                "Change the text, or leave it out.");
    }
}
