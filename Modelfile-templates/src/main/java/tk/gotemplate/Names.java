package tk.gotemplate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The fields that templates mention: Ollama chooses its mode by them. */
final class Names {
    /**
     * A mention of fields.
     *
     * @param line from 1
     * @param fields one after the other: {@code .A.B}
     */
    record Mention(int line, List<String> fields) {}

    private final List<Mention> found = new ArrayList<>();
    private int line = 1;

    private Names() {}

    /** In order. */
    static List<Mention> mentions(Map<String, List<Node>> templates) {
        Names names = new Names();
        templates.values().forEach(names::nodes);
        return names.found;
    }

    /** In lower case, as Ollama compares them. */
    static Set<String> in(Map<String, List<Node>> templates) {
        Set<String> all = new TreeSet<>();
        for (Mention mention : mentions(templates)) {
            for (String field : mention.fields()) all.add(field.toLowerCase(Locale.ROOT));
        }
        return all;
    }

    private void nodes(List<Node> nodes) {
        for (Node node : nodes) {
            switch (node) {
                case Node.Action(int at, var pipe) -> {
                    line = at;
                    operand(pipe);
                }
                case Node.Branch branch -> {
                    line = branch.line();
                    operand(branch.pipe());
                    nodes(branch.body());
                    branch.otherwise().ifPresent(this::nodes);
                }
                case Node.Call(int at, String name, var data) -> {
                    line = at;
                    if (data.isEmpty()) {
                        throw new TemplateError(
                                at,
                                "{{ template \"%s\" }} without a value".formatted(name),
                                "Ollama refuses it: give it one, such as the dot.");
                    }
                    operand(data.get());
                }
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
            case Node.Field(var names) -> add(names);
            case Node.Variable(String name, var names) -> add(names);
            // Ollama does not look into (…).Field, nor do its templates have one.
            case Node.Chain c -> {}
            case Node.Dot d -> {}
            case Node.Constant c -> {}
            case Node.Function f -> {}
        }
    }

    private void add(List<String> fields) {
        if (!fields.isEmpty()) found.add(new Mention(line, fields));
    }
}
