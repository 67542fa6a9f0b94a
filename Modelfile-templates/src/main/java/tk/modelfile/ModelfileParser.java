package tk.modelfile;

import tk.error.MalformedException;
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
import java.util.Locale;

/**
 * Reads a Modelfile as Ollama reads it: character by character, not line by line.
 *
 * <p>Where a value begins with a quotation mark, it goes on over line ends until a line ends with
 * one; otherwise a value is the rest of its line. There are no escapes. Characters that do not
 * print vanish.
 */
public final class ModelfileParser {
    private enum State {
        BETWEEN,
        COMMENT,
        KEYWORD,
        PARAMETER_NAME,
        ROLE,
        VALUE
    }

    private final String place;
    private final List<Instruction> instructions = new ArrayList<>();
    private final StringBuilder buffer = new StringBuilder();
    private State state = State.BETWEEN;
    private String keyword = "";
    private String qualifier = "";
    private int line = 1;

    private ModelfileParser(String place) {
        this.place = place;
    }

    /**
     * The instructions of a text.
     *
     * @param place what to call the text in errors
     * @throws MalformedException where Ollama would refuse it, with the line
     */
    public static Modelfile parse(String text, String place) {
        ModelfileParser parser = new ModelfileParser(place);
        text.codePoints().forEach(parser::accept);
        parser.end();
        if (parser.instructions.stream().noneMatch(From.class::isInstance)) {
            throw new MalformedException(
                    place + ": no FROM line", "Say which model it is: FROM ./model.gguf");
        }
        return new Modelfile(parser.instructions);
    }

    private void accept(int c) {
        if (c == '\n') line++;
        switch (state) {
            case BETWEEN -> {
                if (c == '#') state = State.COMMENT;
                else if (!ModelfileGrammar.isSpace(c) && !ModelfileGrammar.isNewline(c)) {
                    state = State.KEYWORD;
                    acceptKeyword(c);
                }
            }
            case COMMENT -> {
                if (ModelfileGrammar.isNewline(c)) state = State.BETWEEN;
            }
            case KEYWORD -> acceptKeyword(c);
            case PARAMETER_NAME ->
                    acceptQualifier(c, ModelfileGrammar.isWordCharacter(c), "a parameter's name");
            case ROLE -> acceptQualifier(c, ModelfileGrammar.isLetter(c), "a message's role");
            case VALUE -> acceptValue(c);
        }
    }

    private void acceptKeyword(int c) {
        if (ModelfileGrammar.isLetter(c)) {
            buffer.appendCodePoint(c);
            return;
        }
        keyword = buffer.toString().toLowerCase(Locale.ROOT);
        if (!ModelfileGrammar.isSpace(c) || !isKnown(keyword)) {
            String found =
                    ModelfileGrammar.isSpace(c)
                            ? buffer.toString()
                            : buffer.appendCodePoint(c).toString();
            throw error(
                    "expected an instruction, found `%s`".formatted(found),
                    "Instructions: FROM, PARAMETER, TEMPLATE, SYSTEM, ADAPTER, LICENSE, MESSAGE, REQUIRES.");
        }
        buffer.setLength(0);
        state =
                switch (keyword) {
                    case "parameter" -> State.PARAMETER_NAME;
                    case "message" -> State.ROLE;
                    default -> State.VALUE;
                };
    }

    private void acceptQualifier(int c, boolean belongs, String what) {
        if (belongs) {
            buffer.appendCodePoint(c);
            return;
        }
        if (!ModelfileGrammar.isSpace(c)) {
            throw error(
                    "unexpected character in " + what,
                    "Write PARAMETER name value, or MESSAGE role text.");
        }
        qualifier = buffer.toString();
        if (state == State.ROLE && !List.of("system", "user", "assistant").contains(qualifier)) {
            throw error(
                    "message role `" + qualifier + "`",
                    "Roles: system, user, assistant (lower case).");
        }
        buffer.setLength(0);
        state = State.VALUE;
    }

    private void acceptValue(int c) {
        if (ModelfileGrammar.isSpace(c)) {
            buffer.appendCodePoint(c);
        } else if (ModelfileGrammar.isNewline(c)) {
            String value = ModelfileGrammar.unquote(ModelfileGrammar.trim(buffer));
            if (value == null) buffer.appendCodePoint(c);
            else finish(value);
        } else if (ModelfileGrammar.isPrintable(c)) {
            buffer.appendCodePoint(c);
        }
    }

    private void end() {
        switch (state) {
            case BETWEEN, COMMENT -> {}
            case KEYWORD, PARAMETER_NAME, ROLE ->
                    throw error("the file ends within an instruction", null);
            case VALUE -> {
                String value = ModelfileGrammar.unquote(ModelfileGrammar.trim(buffer));
                if (value == null) {
                    throw error(
                            "the file ends within a quotation",
                            "A value that begins with a quotation mark must end with one at the end of a line.");
                }
                finish(value);
            }
        }
    }

    private void finish(String value) {
        instructions.add(
                switch (keyword) {
                    case "from" -> new From(value);
                    case "parameter" -> new Parameter(qualifier, value);
                    case "template" -> new Template(value);
                    case "system" -> new SystemMessage(value);
                    case "license" -> new License(value);
                    case "message" -> new Message(qualifier, value);
                    case "adapter" -> new Adapter(value);
                    case "requires" -> new Requires(value);
                    default -> new Other(keyword.toUpperCase(Locale.ROOT), value);
                });
        buffer.setLength(0);
        state = State.BETWEEN;
    }

    private static boolean isKnown(String keyword) {
        return switch (keyword) {
            case "from",
                    "license",
                    "template",
                    "system",
                    "adapter",
                    "draft",
                    "renderer",
                    "parser",
                    "parameter",
                    "message",
                    "requires" ->
                    true;
            default -> false;
        };
    }

    private MalformedException error(String what, @org.jspecify.annotations.Nullable String hint) {
        return new MalformedException("%s, line %d: %s".formatted(place, line, what), hint);
    }
}
