package tk.gotemplate;

import tk.gotemplate.Node.Command;
import tk.gotemplate.Node.Operand;
import tk.gotemplate.Node.Pipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A template up to its first {@code .Response} and no further: what Ollama executes for the turn
 * that the model is to answer. Mentions in the condition of a branch don't count.
 */
final class Cut {
    private boolean done;

    private Cut() {}

    static List<Node> afterResponse(List<Node> nodes) {
        return new Cut().list(nodes);
    }

    private List<Node> list(List<Node> nodes) {
        List<Node> kept = new ArrayList<>();
        for (Node node : nodes) {
            if (!done) node(node).ifPresent(kept::add);
        }
        return kept;
    }

    private Optional<Node> node(Node node) {
        return switch (node) {
            case Node.Branch(int line, var kind, Pipe pipe, var body, var otherwise) -> {
                List<Node> kept = list(body);
                if (done && otherwise.isPresent()) {
                    throw new TemplateError(
                            line,
                            "{{ else }} after .Response",
                            "Ollama crashes where it cuts such a template: put .Response outside of the branch.");
                }
                yield Optional.of(
                        new Node.Branch(line, kind, pipe, kept, otherwise.map(this::list)));
            }
            case Node.Action(int line, Pipe pipe) ->
                    pipe(pipe).map(kept -> new Node.Action(line, kept));
            default -> Optional.of(node);
        };
    }

    private Optional<Pipe> pipe(Pipe pipe) {
        List<Command> commands = new ArrayList<>();
        for (Command command : pipe.commands()) {
            List<Operand> operands = new ArrayList<>();
            for (Operand operand : command.operands()) operand(operand).ifPresent(operands::add);
            if (operands.isEmpty()) return Optional.empty();
            commands.add(new Command(operands));
        }
        return Optional.of(new Pipe(pipe.variables(), pipe.declares(), commands));
    }

    private Optional<Operand> operand(Operand operand) {
        if (operand instanceof Node.Field(var names) && names.contains("Response")) {
            done = true;
            return Optional.of(operand);
        }
        if (done) return Optional.empty();
        return operand instanceof Pipe pipe ? pipe(pipe).map(kept -> kept) : Optional.of(operand);
    }
}
