package tk.gotemplate;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The fields and variables that templates mention: Ollama chooses its mode by them. */
final class Names {
    private final Set<String> found = new TreeSet<>();

    private Names() {}

    /** In lower case, as Ollama compares them. */
    static Set<String> in(Map<String, List<Node>> templates) {
        Names names = new Names();
        templates.values().forEach(names::nodes);
        return names.found;
    }

    private void nodes(List<Node> nodes) {
        for (Node node : nodes) {
            switch (node) {
                case Node.Action(int l, var pipe) -> operand(pipe);
                case Node.Branch branch -> {
                    operand(branch.pipe());
                    nodes(branch.body());
                    branch.otherwise().ifPresent(this::nodes);
                }
                case Node.Call(int l, String name, var data) -> data.ifPresent(this::operand);
                case Node.Text t -> {}
                case Node.Break b -> {}
                case Node.Continue c -> {}
            }
        }
    }

    private void operand(Node.Operand operand) {
        switch (operand) {
            case Node.Pipe pipe ->
                    pipe.commands().forEach(c -> c.operands().forEach(this::operand));
            case Node.Field(var names) -> addAll(names);
            case Node.Variable(String name, var names) -> addAll(names);
            // Ollama does not look into (…).Field, nor do its templates have one.
            case Node.Chain c -> {}
            case Node.Dot d -> {}
            case Node.Constant c -> {}
            case Node.Function f -> {}
        }
    }

    private void addAll(List<String> names) {
        for (String name : names) found.add(name.toLowerCase(Locale.ROOT));
    }
}
