package tk.modelfile;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.modelfile.Modelfile.Instruction;

import java.util.List;
import java.util.Optional;

/**
 * What Ollama's parser makes of a text: the instructions it gets, and where it gives up.
 *
 * @param instructions those before the place where it gives up; all, where it does not
 * @param refusal why it gives up
 */
public record ModelfileReading(List<Placed> instructions, Optional<Refusal> refusal) {
    /** Copies the list. */
    public ModelfileReading {
        instructions = List.copyOf(instructions);
    }

    /** How a value was set off. */
    public enum Quotes {
        /** Not at all: the value is the rest of its line. */
        NONE,
        /** Between {@code "} and {@code "}. */
        SINGLE,
        /** Between {@code """} and {@code """}. */
        TRIPLE
    }

    /**
     * An instruction and its place.
     *
     * @param line of its keyword, from 1
     * @param lastLine where its value ends
     * @param quotes around the value
     * @param vanished the characters of the value that do not print, and so are not in it
     */
    public record Placed(
            Instruction instruction, int line, int lastLine, Quotes quotes, String vanished) {}

    /**
     * Why Ollama refuses the text.
     *
     * @param line from 1
     * @param hint what to do, or null
     */
    public record Refusal(int line, String message, @Nullable String hint) {}

    /**
     * The instructions.
     *
     * @param place what to call the text in errors
     * @throws MalformedException where Ollama refuses it
     */
    public Modelfile require(String place) {
        refusal.ifPresent(
                found -> {
                    throw new MalformedException(
                            "%s, line %d: %s".formatted(place, found.line(), found.message()),
                            found.hint());
                });
        return new Modelfile(instructions.stream().map(Placed::instruction).toList());
    }
}
