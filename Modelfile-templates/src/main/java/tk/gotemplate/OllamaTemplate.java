package tk.gotemplate;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue.JsonArray;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A prompt template as Ollama reads and fills it. Immutable and thread-safe.
 *
 * <p>There are two ways, and the template decides by what it mentions:
 *
 * <ul>
 *   <li>{@code .Messages}: it is executed once, with all messages; those that follow one another in
 *       the same role are one, with a blank line between.
 *   <li>otherwise once for each pair of {@code .Prompt} and {@code .Response}, with the {@code
 *       .System} that came before it; in the last one, what follows {@code .Response} is left out.
 *       A template without {@code .Response} gets one at its end.
 * </ul>
 *
 * <p>BOS is none of its business: the runtime adds it.
 *
 * <p>Source: Go's {@code text/template/parse}, Ollama's {@code template/template.go}.
 */
public final class OllamaTemplate {
    private static final JsonArray NO_TOOLS = new JsonArray(List.of());

    private final Map<String, List<Node>> templates;
    private final boolean usesMessages;
    private final boolean usesTools;

    /** Whether the user asked for a thinking model's thoughts. */
    public enum Thinking {
        /** Nothing was said. */
        UNSET,
        /** Wanted. */
        ON,
        /** Not wanted. */
        OFF
    }

    private OllamaTemplate(Map<String, List<Node>> templates) {
        this.templates = templates;
        Set<String> names = Names.in(templates);
        usesMessages = names.contains("messages");
        usesTools = names.contains("tools");
        if (!usesMessages && !names.contains("response")) {
            List<Node> main = new ArrayList<>(templates.getOrDefault("", List.of()));
            main.addAll(Parser.parse("{{ .Response }}").getOrDefault("", List.of()));
            templates.put("", main);
        }
    }

    /**
     * Parses a template.
     *
     * @throws MalformedException where Ollama would refuse it
     */
    public static OllamaTemplate parse(String template) {
        try {
            return new OllamaTemplate(Parser.parse(template));
        } catch (TemplateError e) {
            throw e.malformed();
        }
    }

    /**
     * What is wrong, and where.
     *
     * @param line of the template, from 1
     */
    public record Problem(int line, String message) {}

    /** Why Ollama refuses a template, if it does. */
    public static Optional<Problem> problem(String template) {
        try {
            new OllamaTemplate(Parser.parse(template));
            return Optional.empty();
        } catch (TemplateError e) {
            return Optional.of(e.problem());
        }
    }

    /**
     * Why Ollama fails to make a prompt of a conversation, if it does.
     *
     * @throws UnsupportedException as {@link #render} does
     */
    public Optional<Problem> failure(List<Turn> conversation, JsonArray tools) {
        try {
            prompt(conversation, tools, Thinking.UNSET, () -> LocalDate.EPOCH);
            return Optional.empty();
        } catch (TemplateError e) {
            return Optional.of(e.problem());
        }
    }

    /** Whether what the user says never comes into a prompt; not where it fails on any. */
    public boolean losesTheUser() {
        String said = "What the user says 7f3a.";
        try {
            return !render(List.of(Turn.user(said)), () -> LocalDate.EPOCH).contains(said);
        } catch (MalformedException | UnsupportedException failure) {
            return false;
        }
    }

    /** The fields that it asks for and that nothing has in Ollama: each prints no value. */
    public List<Problem> unknownFields() {
        return Names.mentions(templates).stream()
                .filter(mention -> !RequestValues.isKnown(mention.fields()))
                .map(
                        mention ->
                                new Problem(
                                        mention.line(), "." + String.join(".", mention.fields())))
                .distinct()
                .toList();
    }

    /** Whether it goes through {@code .Messages} itself. */
    public boolean usesMessages() {
        return usesMessages;
    }

    /** Whether it mentions {@code .Tools}: only then does Ollama let a request bring any. */
    public boolean usesTools() {
        return usesTools;
    }

    /** The prompt that a conversation becomes, when thinking and tools are not spoken of. */
    public String render(List<Turn> conversation, Supplier<LocalDate> today) {
        return render(conversation, NO_TOOLS, Thinking.UNSET, today);
    }

    /**
     * The prompt that a conversation becomes, without BOS.
     *
     * @param conversation its last turn is what the model answers, or goes on with
     * @param tools that the model may call, as the API takes them
     * @param today for {@code currentDate}
     * @throws MalformedException where Ollama would fail
     * @throws UnsupportedException where it uses something that tk lacks, naming it
     */
    public String render(
            List<Turn> conversation,
            JsonArray tools,
            Thinking thinking,
            Supplier<LocalDate> today) {
        try {
            return prompt(conversation, tools, thinking, today);
        } catch (TemplateError e) {
            throw e.malformed();
        }
    }

    private String prompt(
            List<Turn> conversation,
            JsonArray tools,
            Thinking thinking,
            Supplier<LocalDate> today) {
        Functions functions = new Functions(today);
        List<Turn> turns = collated(conversation);
        if (!usesMessages) return pairs(turns, thinking, functions);
        SequencedMap<String, Object> data = data(thinking);
        data.put(
                "System",
                String.join(
                        "\n\n",
                        conversation.stream()
                                .filter(turn -> turn.role().equals("system"))
                                .map(Turn::content)
                                .toList()));
        data.put("Messages", turns.stream().map(RequestValues::message).toList());
        data.put("Tools", RequestValues.tools(tools));
        data.put("Response", "");
        return execute(main(), data, functions);
    }

    private List<Node> main() {
        return templates.getOrDefault("", List.of());
    }

    private static SequencedMap<String, Object> data(Thinking thinking) {
        SequencedMap<String, Object> data = new LinkedHashMap<>();
        data.put("Think", thinking == Thinking.ON);
        data.put("ThinkLevel", "");
        data.put("IsThinkSet", thinking != Thinking.UNSET);
        return data;
    }

    /** Neighbours of one role joined by a blank line, but for tools' results. */
    public static List<Turn> collated(List<Turn> conversation) {
        List<Turn> turns = new ArrayList<>();
        for (Turn turn : conversation) {
            boolean joins =
                    !turns.isEmpty()
                            && turns.getLast().role().equals(turn.role())
                            && !turn.role().equals("tool");
            if (joins) {
                Turn before = turns.removeLast();
                turns.add(before.withContent(before.content() + "\n\n" + turn.content()));
            } else {
                turns.add(turn);
            }
        }
        return turns;
    }

    private String pairs(List<Turn> turns, Thinking thinking, Functions functions) {
        StringBuilder out = new StringBuilder();
        String system = "";
        String prompt = "";
        String response = "";
        for (Turn turn : turns) {
            boolean ends =
                    switch (turn.role()) {
                        case "system" -> !prompt.isEmpty() || !response.isEmpty();
                        case "user" -> !response.isEmpty();
                        default -> false;
                    };
            if (ends) {
                out.append(pair(main(), system, prompt, response, thinking, functions));
                system = "";
                prompt = "";
                response = "";
            }
            switch (turn.role()) {
                case "system" -> system = turn.content();
                case "user" -> prompt = turn.content();
                case "assistant" -> response = turn.content();
                default -> {}
            }
        }
        List<Node> last = Cut.afterResponse(main());
        return out.append(pair(last, system, prompt, response, thinking, functions)).toString();
    }

    private String pair(
            List<Node> nodes,
            String system,
            String prompt,
            String response,
            Thinking thinking,
            Functions functions) {
        SequencedMap<String, Object> data = data(thinking);
        data.put("System", system);
        data.put("Prompt", prompt);
        data.put("Response", response);
        return execute(nodes, data, functions);
    }

    private String execute(List<Node> nodes, Object data, Functions functions) {
        Execution execution = new Execution(templates, functions);
        try {
            return execution.run(nodes, data);
        } catch (GoError e) {
            throw new TemplateError(execution.line(), String.valueOf(e.getMessage()), null);
        }
    }
}
