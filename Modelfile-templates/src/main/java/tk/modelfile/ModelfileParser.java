package tk.modelfile;

import org.jspecify.annotations.Nullable;

import tk.error.IoException;
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
import tk.modelfile.ModelfileReading.Placed;
import tk.modelfile.ModelfileReading.Quotes;
import tk.modelfile.ModelfileReading.Refusal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.PrimitiveIterator;

/**
 * Reads a Modelfile as Ollama reads it: character by character, not line by line.
 *
 * <p>Where a value begins with a quotation mark, it goes on over line ends until a line ends with
 * one; otherwise a value is the rest of its line. There are no escapes. Characters that do not
 * print vanish.
 */
public final class ModelfileParser {
    private static final String KEYWORDS =
            "FROM, PARAMETER, TEMPLATE, SYSTEM, LICENSE, MESSAGE, ADAPTER, REQUIRES, RENDERER, PARSER, DRAFT";

    /** Larger ones are no Modelfiles. */
    private static final long MOST_BYTES = 64L << 20;

    private enum State {
        BETWEEN,
        COMMENT,
        KEYWORD,
        PARAMETER_NAME,
        ROLE,
        VALUE
    }

    private final List<Placed> instructions = new ArrayList<>();
    private final StringBuilder buffer = new StringBuilder();
    private final StringBuilder vanished = new StringBuilder();
    private @Nullable Refusal refusal;
    private State state = State.BETWEEN;
    private String keyword = "";
    private String qualifier = "";
    private int line = 1;
    private int firstLine = 1;

    private ModelfileParser() {}

    /**
     * The instructions of a text.
     *
     * @param place what to call the text in errors
     * @throws MalformedException where Ollama would refuse it, with the line
     */
    public static Modelfile parse(String text, String place) {
        return read(text).require(place);
    }

    /** What Ollama's parser makes of a file, whatever it is. */
    public static ModelfileReading read(Path file) {
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new MalformedException(
                        String.format(
                                Locale.ROOT,
                                "%s: %,d bytes, no Modelfile",
                                file,
                                Files.size(file)));
            }
            return read(ModelfileText.decode(Files.readAllBytes(file)));
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** What Ollama's parser makes of a text, whatever it is. */
    public static ModelfileReading read(String text) {
        ModelfileParser parser = new ModelfileParser();
        int previous = 0;
        for (PrimitiveIterator.OfInt it = text.codePoints().iterator(); it.hasNext(); ) {
            int c = it.nextInt();
            parser.accept(c);
            if (parser.refusal != null) break;
            if (c == '\r' || (c == '\n' && previous != '\r')) parser.line++;
            previous = c;
        }
        if (parser.refusal == null) parser.end();
        return new ModelfileReading(parser.instructions, Optional.ofNullable(parser.refusal));
    }

    private void accept(int c) {
        switch (state) {
            case BETWEEN -> {
                if (c == '#') state = State.COMMENT;
                else if (!ModelfileGrammar.isSpace(c) && !ModelfileGrammar.isNewline(c)) {
                    state = State.KEYWORD;
                    firstLine = line;
                    if (ModelfileGrammar.isPrintable(c)) buffer.appendCodePoint(c);
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
        String found = buffer.toString();
        keyword = found.toLowerCase(Locale.ROOT);
        if (!isKnown(keyword)) {
            refuse(
                    "expected an instruction, found `%s`"
                            .formatted(
                                    ModelfileGrammar.isSpace(c) || ModelfileGrammar.isNewline(c)
                                            ? found
                                            : found + Character.toString(c)),
                    "Instructions: "
                            + KEYWORDS
                            + ". Comments begin with # at the start of a line.");
            return;
        }
        if (!ModelfileGrammar.isSpace(c)) {
            refuse(
                    found + " without a value",
                    "A space and the value must follow on the same line.");
            return;
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
            refuse(
                    "unexpected %s in %s"
                            .formatted(
                                    ModelfileGrammar.isNewline(c)
                                            ? "end of line"
                                            : "`" + Character.toString(c) + "`",
                                    what),
                    "Write PARAMETER name value, or MESSAGE role text.");
            return;
        }
        qualifier = buffer.toString();
        if (state == State.ROLE && !ModelfileGrammar.isRole(qualifier)) {
            refuse(
                    qualifier.isEmpty()
                            ? "two spaces before the message's role"
                            : "message role `" + qualifier + "`",
                    "Roles: system, user, assistant (lower case), after one space.");
            return;
        }
        buffer.setLength(0);
        state = State.VALUE;
    }

    private void acceptValue(int c) {
        if (ModelfileGrammar.isSpace(c)) {
            buffer.appendCodePoint(c);
        } else if (ModelfileGrammar.isNewline(c)) {
            String trimmed = ModelfileGrammar.trim(buffer);
            String value = ModelfileGrammar.unquote(trimmed);
            if (value == null) buffer.appendCodePoint(c);
            else finish(value, trimmed);
        } else if (ModelfileGrammar.isPrintable(c)) {
            buffer.appendCodePoint(c);
        } else {
            vanished.appendCodePoint(c);
        }
    }

    private void end() {
        switch (state) {
            case BETWEEN, COMMENT -> {}
            case KEYWORD, PARAMETER_NAME, ROLE ->
                    refuse("the file ends within an instruction", null);
            case VALUE -> {
                String trimmed = ModelfileGrammar.trim(buffer);
                String value = ModelfileGrammar.unquote(trimmed);
                if (value == null) {
                    line = firstLine;
                    refuse(
                            "the file ends within the quotation that begins here",
                            "A value that begins with a quotation mark must end with one at the end of a line.");
                } else {
                    finish(value, trimmed);
                }
            }
        }
        if (refusal == null
                && instructions.stream().noneMatch(i -> i.instruction() instanceof From)) {
            refuse("no FROM line", "Say which model it is: FROM ./model.gguf");
        }
    }

    private void finish(String value, String trimmed) {
        Quotes quotes =
                value.length() == trimmed.length()
                        ? Quotes.NONE
                        : trimmed.startsWith(ModelfileGrammar.TRIPLE)
                                ? Quotes.TRIPLE
                                : Quotes.SINGLE;
        instructions.add(
                new Placed(instruction(value), firstLine, line, quotes, vanished.toString()));
        buffer.setLength(0);
        vanished.setLength(0);
        state = State.BETWEEN;
    }

    private Instruction instruction(String value) {
        return switch (keyword) {
            case "from" -> new From(value);
            case "parameter" -> new Parameter(qualifier, value);
            case "template" -> new Template(value);
            case "system" -> new SystemMessage(value);
            case "license" -> new License(value);
            case "message" -> new Message(qualifier, value);
            case "adapter" -> new Adapter(value);
            case "requires" -> new Requires(value);
            default -> new Other(keyword.toUpperCase(Locale.ROOT), value);
        };
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

    private void refuse(String what, @Nullable String hint) {
        refusal = new Refusal(line, what, hint);
    }
}
