package tk.modelfile.check;

import tk.error.TkException;
import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.OllamaTemplate.Problem;
import tk.gotemplate.Turn;
import tk.modelfile.Conversation;
import tk.modelfile.check.ModelfileCheck.Finding;
import tk.modelfile.check.ModelfileCheck.Severity;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What Ollama makes of a {@code TEMPLATE}: parsed as Ollama does, executed on conversations. */
final class TemplateFindings {
    private static final String USER = "What the user says 7f3a.";
    private static final String SYSTEM = "What the system says 91c4.";
    private static final String ANSWER = "What the model said 5d20.";

    private static final List<String> BOS =
            List.of("<s>", "<|begin_of_text|>", "<bos>", "<|startoftext|>");

    /** Tokens with which models end an answer: stops though no template writes them. */
    private static final Set<String> ENDS =
            Set.of(
                    "</s>",
                    "<eos>",
                    "<|endoftext|>",
                    "<|end_of_text|>",
                    "<|im_end|>",
                    "<|eot_id|>",
                    "<|eom_id|>",
                    "<|end|>",
                    "<end_of_turn>",
                    "<\uff5cend\u2581of\u2581sentence\uff5c>");

    private final int line;
    private final OllamaTemplate template;
    private final List<Finding> found = new ArrayList<>();

    private TemplateFindings(int line, OllamaTemplate template) {
        this.line = line;
        this.template = template;
    }

    /**
     * All that can be said of the template alone.
     *
     * @param line of the Modelfile where it begins
     */
    static List<Finding> of(int line, String text) {
        Optional<Problem> refused = OllamaTemplate.problem(text);
        if (refused.isPresent()) {
            return List.of(
                    new Finding(
                            line + refused.get().line() - 1,
                            Severity.ERROR,
                            "template: " + refused.get().message()));
        }
        TemplateFindings findings = new TemplateFindings(line, OllamaTemplate.parse(text));
        findings.meaning();
        findings.fields();
        findings.prompts();
        return findings.found;
    }

    private void meaning() {
        String tools = template.usesTools() ? ", offering tools" : "";
        report(
                line,
                Severity.MEANING,
                template.usesMessages()
                        ? "template over .Messages: run once for the whole conversation" + tools
                        : "template over .System, .Prompt and .Response: run once a turn");
        if (template.usesTools() && !template.usesMessages()) {
            report(line, Severity.WARNING, "without .Messages there are no .Tools");
        }
    }

    private void fields() {
        for (Problem field : template.unknownFields()) {
            report(
                    line + field.line() - 1,
                    Severity.WARNING,
                    "template: Ollama has no " + field.message());
        }
    }

    private void prompts() {
        try {
            List<Conversation> talks = new ArrayList<>(Conversation.BUILT_IN);
            if (template.usesTools()) talks.addAll(Conversation.WITH_TOOLS);
            for (Conversation talk : talks) {
                Optional<Problem> failure = template.failure(talk.turns(), talk.tools());
                if (failure.isPresent()) {
                    report(
                            line + failure.get().line() - 1,
                            Severity.WARNING,
                            "template: fails where a prompt is made (%s): %s"
                                    .formatted(talk.name(), failure.get().message()));
                    return;
                }
            }
            texts(
                    render(
                            template,
                            List.of(Turn.user(USER), Turn.assistant(ANSWER), Turn.user("?"))));
        } catch (TkException beyond) {
            report(line, Severity.MEANING, "tk cannot run the template: " + beyond.getMessage());
        }
    }

    private void texts(String prompt) {
        if (!prompt.contains(USER)) {
            report(line, Severity.WARNING, "the template loses what the user says");
        } else if (!prompt.contains(ANSWER)) {
            report(line, Severity.WARNING, "the template loses the model's earlier answers");
        }
        if (prompt.contains("<no value>")) {
            report(line, Severity.WARNING, "the template prints <no value>");
        }
        BOS.stream()
                .filter(prompt::startsWith)
                .forEach(
                        bos ->
                                report(
                                        line,
                                        Severity.WARNING,
                                        "the template begins with %s, which Ollama puts there itself where the GGUF says so: it would be there twice"
                                                .formatted(bos)));
    }

    private void report(int at, Severity severity, String message) {
        found.add(new Finding(at, severity, message));
    }

    /** Whether a system message never comes into a prompt. */
    static boolean losesSystem(String text) {
        return parsed(text)
                .map(
                        t ->
                                !render(t, List.of(Turn.system(SYSTEM), Turn.user(USER)))
                                        .contains(SYSTEM))
                .orElse(false);
    }

    /** Whether a text is neither written by the template nor the end of an answer. */
    static boolean isForeign(String stop, String text) {
        if (stop.isEmpty() || ENDS.contains(stop)) return false;
        return parsed(text)
                .map(
                        template ->
                                Conversation.BUILT_IN.stream()
                                        .map(talk -> render(template, talk.turns()))
                                        .noneMatch(prompt -> prompt.contains(stop)))
                .orElse(false);
    }

    /**
     * What the model's own chat template can do that the Modelfile's cannot: Ollama from 0.30 on
     * takes the model's then.
     */
    static Optional<String> missing(String text, String chatTemplate) {
        Optional<OllamaTemplate> template = parsed(text);
        if (template.isEmpty()) return Optional.empty();
        if (chatTemplate.contains("tools") && !template.get().usesTools())
            return Optional.of("tools");
        boolean thinks = text.contains(".Think");
        return chatTemplate.contains("<think>") && !thinks
                ? Optional.of("thinking")
                : Optional.empty();
    }

    private static Optional<OllamaTemplate> parsed(String text) {
        return OllamaTemplate.problem(text).isPresent()
                ? Optional.empty()
                : Optional.of(OllamaTemplate.parse(text));
    }

    /** A prompt; empty where there is none. */
    private static String render(OllamaTemplate template, List<Turn> turns) {
        try {
            return template.render(turns, () -> LocalDate.EPOCH);
        } catch (TkException failure) {
            return "";
        }
    }
}
