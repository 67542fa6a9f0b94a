package tk.gotemplate;

import java.util.List;
import java.util.Optional;

/** A node of a parsed template; {@code line} for messages. */
sealed interface Node {
    record Text(String text) implements Node {}

    /** Prints a pipeline, or assigns it. */
    record Action(int line, Pipe pipe) implements Node {}

    /** {@code if}, {@code with} or {@code range}. */
    record Branch(int line, Kind kind, Pipe pipe, List<Node> body, Optional<List<Node>> otherwise)
            implements Node {}

    enum Kind {
        IF,
        WITH,
        RANGE
    }

    /** {@code {{ template "name" pipeline }}}. */
    record Call(int line, String name, Optional<Pipe> data) implements Node {}

    record Break(int line) implements Node {}

    record Continue(int line) implements Node {}

    /**
     * Commands, each given the result of the one before as its last argument.
     *
     * @param variables that are set to the result
     * @param declares whether they are new
     */
    record Pipe(List<String> variables, boolean declares, List<Command> commands)
            implements Operand {}

    /** A function with its arguments, or one operand. */
    record Command(List<Operand> operands) {}

    /** What can stand in a command; a {@link Pipe} in parentheses. */
    sealed interface Operand {}

    record Dot() implements Operand {}

    record Constant(Object value) implements Operand {}

    /** {@code .A.B}. */
    record Field(List<String> names) implements Operand {}

    /** {@code $x.A.B}. */
    record Variable(String name, List<String> fields) implements Operand {}

    /** {@code (pipeline).A}. */
    record Chain(Operand target, List<String> fields) implements Operand {}

    record Function(String name) implements Operand {}
}
