package tk.modelfile;

import java.util.List;
import java.util.Optional;

/**
 * A Modelfile as its instructions, in order.
 *
 * @param instructions at least one {@link From} among them
 */
public record Modelfile(List<Instruction> instructions) {
    /** Copies the list. */
    public Modelfile {
        instructions = List.copyOf(instructions);
    }

    /** One instruction. */
    public sealed interface Instruction {}

    /** {@code FROM}: a file, a folder, or the name of a model in the store. */
    public record From(String model) implements Instruction {}

    /** {@code PARAMETER}: {@code stop} may come several times, of the others the last counts. */
    public record Parameter(String name, String value) implements Instruction {}

    /** {@code TEMPLATE}: Go template text. */
    public record Template(String text) implements Instruction {}

    /** {@code SYSTEM}: the system message. */
    public record SystemMessage(String text) implements Instruction {}

    /** {@code LICENSE}: the text of a licence. */
    public record License(String text) implements Instruction {}

    /**
     * {@code MESSAGE}: a turn that precedes every conversation; role {@code system}, {@code user}
     * or {@code assistant}.
     */
    public record Message(String role, String content) implements Instruction {}

    /** {@code ADAPTER}: a LoRA adapter. */
    public record Adapter(String path) implements Instruction {}

    /**
     * {@code REQUIRES}: the oldest Ollama that may load it; known to Ollama itself since 0.14.0
     * only.
     */
    public record Requires(String version) implements Instruction {
        /** Whether Ollama takes it for a version: {@code 0.14.0}, {@code v0.14}. */
        public boolean isValid() {
            return ModelfileGrammar.isVersion(version);
        }
    }

    /** {@code RENDERER}, {@code PARSER} or {@code DRAFT}: kept, with no meaning to tk. */
    public record Other(String keyword, String value) implements Instruction {}

    /** The value of the last {@code SYSTEM}. */
    public Optional<String> system() {
        return last(SystemMessage.class).map(SystemMessage::text);
    }

    /** The value of the last {@code TEMPLATE}. */
    public Optional<String> template() {
        return last(Template.class).map(Template::text);
    }

    /** All values of a parameter, in order. */
    public List<String> parameter(String name) {
        return instructions.stream()
                .filter(i -> i instanceof Parameter p && p.name().equals(name))
                .map(i -> ((Parameter) i).value())
                .toList();
    }

    private <T extends Instruction> Optional<T> last(Class<T> kind) {
        return instructions.stream().filter(kind::isInstance).map(kind::cast).reduce((a, b) -> b);
    }
}
