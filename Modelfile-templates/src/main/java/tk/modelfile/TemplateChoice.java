package tk.modelfile;

import tk.error.MalformedException;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gotemplate.OllamaTemplate;
import tk.jinja.Rendering;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The prompt template of a model: chosen because it means the same as the model's chat template, or
 * given by the user and compared with it.
 *
 * @param template what was chosen; its name is the file's where the user gave a file
 * @param summary what the choice rests on, in one line
 * @param notes what a person should know
 * @param differences why the prompts are not the model's own; empty where they are
 */
public record TemplateChoice(
        PromptTemplate template, String summary, List<String> notes, List<String> differences) {
    /** The system message of ChatML, in a prompt or in a template, where it is text alone. */
    private static final Pattern SYSTEM =
            Pattern.compile("(?<=<\\|im_start\\|>system\n)[^{<]+(?=<\\|im_end\\|>)");

    private static final String BY_HAND =
            "So tk cannot choose a prompt template for it: give a Go template with --template NAME|FILE.";

    /** Copies the lists. */
    public TemplateChoice {
        notes = List.copyOf(notes);
        differences = List.copyOf(differences);
    }

    /**
     * Chooses by the model's own chat template: the first of ours that makes the same tokens of
     * every conversation, or else one {@linkplain DerivedTemplate derived} from it that does; the
     * plain one where the model has none.
     *
     * @throws UsageException where none does, showing the conversation in which the closest differs
     */
    public static TemplateChoice of(Optional<String> chatTemplate, PromptTokens tokens) {
        if (chatTemplate.isEmpty()) return plain();
        try {
            return byMeaning(ChatPrompt.of(chatTemplate.get(), tokens.specials()), tokens);
        } catch (UnsupportedException e) {
            throw new UnsupportedException(e.getMessage(), BY_HAND, e);
        } catch (MalformedException e) {
            throw new MalformedException(e.getMessage(), BY_HAND, e);
        }
    }

    /** For a base model: what has no chat template is prompted with the text alone. */
    public static TemplateChoice plain() {
        return new TemplateChoice(
                PromptTemplate.named(PromptTemplate.PLAIN),
                "no chat template: prompted as a base model",
                List.of(),
                List.of());
    }

    private static TemplateChoice byMeaning(ChatPrompt chat, PromptTokens tokens) {
        List<PromptTemplate> candidates = candidates(chat, tokens);
        Optional<TemplateChoice> withoutTools = Optional.empty();
        for (PromptTemplate template : candidates) {
            if (differsAtOnce(chat, template, tokens)) continue;
            TemplateComparison comparison = compared(chat, template, tokens);
            if (!comparison.matches()) continue;
            TemplateChoice choice = matched(template, comparison, chat);
            if (comparison.matchesTools()) return choice;
            if (withoutTools.isEmpty()) withoutTools = Optional.of(choice);
        }
        return withoutTools
                .or(() -> derived(chat, tokens))
                .orElseThrow(() -> none(chat, candidates, tokens));
    }

    /** One written for this model, where it means the same. */
    private static Optional<TemplateChoice> derived(ChatPrompt chat, PromptTokens tokens) {
        Optional<DerivedTemplate> written = DerivedTemplate.of(chat);
        if (written.isEmpty()) return Optional.empty();
        PromptTemplate own = written.get().template();
        PromptTemplate template = own.withText(missingBos(chat, tokens) + own.text());
        TemplateComparison comparison = compared(chat, template, tokens);
        if (!comparison.matches()) return Optional.empty();
        TemplateChoice choice = matched(template, comparison, chat);
        if (written.get().showsSystem()) return Optional.of(choice);
        List<String> notes = new ArrayList<>(choice.notes());
        notes.add(
                "the model's chat template shows no system message: Ollama leaves out what SYSTEM says");
        return Optional.of(
                new TemplateChoice(template, choice.summary(), notes, choice.differences()));
    }

    /** All of ours but the plain one, beginning with BOS where the runtime would not add it. */
    private static List<PromptTemplate> candidates(ChatPrompt chat, PromptTokens tokens) {
        String bos = missingBos(chat, tokens);
        return PromptTemplate.all().stream()
                .filter(template -> !template.name().equals(PromptTemplate.PLAIN))
                .flatMap(template -> Stream.concat(Stream.of(template), withSystem(template, chat)))
                .map(template -> template.withText(bos + template.text()))
                .toList();
    }

    /** Qwen's way to put in a system message where there is none, with the model's own message. */
    private static Stream<PromptTemplate> withSystem(PromptTemplate template, ChatPrompt chat) {
        if (!(chat.render(Conversation.BUILT_IN.getFirst(), true, ChatPrompt.DAY)
                instanceof Rendering.Text(String prompt))) return Stream.empty();
        Matcher theirs = SYSTEM.matcher(prompt);
        Matcher ours = SYSTEM.matcher(template.text());
        if (!theirs.find() || !ours.find() || ours.group().equals(theirs.group())) {
            return Stream.empty();
        }
        return Stream.of(
                template.withText(ours.replaceAll(Matcher.quoteReplacement(theirs.group()))));
    }

    /** Whether a conversation of a few turns is enough to tell: most templates end here. */
    private static boolean differsAtOnce(
            ChatPrompt chat, PromptTemplate template, PromptTokens tokens) {
        return TemplateComparison.of(
                        chat,
                        OllamaTemplate.parse(template.text()),
                        tokens,
                        Conversation.BUILT_IN.subList(4, 5))
                .firstDifference()
                .isPresent();
    }

    private static UsageException none(
            ChatPrompt chat, List<PromptTemplate> candidates, PromptTokens tokens) {
        record Candidate(PromptTemplate template, TemplateComparison comparison) {}
        Candidate nearest =
                candidates.stream()
                        .map(t -> new Candidate(t, compared(chat, t, tokens)))
                        .max(Comparator.comparingLong(c -> c.comparison().closeness()))
                        .orElseThrow();
        String shown =
                nearest.comparison()
                        .firstDifference()
                        .map(TemplateChoice::shown)
                        .orElse("it takes hardly any conversation");
        return new UsageException(
                "the model's chat template is none of those tk has, and none can be derived from it: closest is %s, %s"
                        .formatted(nearest.template().name(), nearest.comparison().summary()),
                shown
                        + "\nGive a Go template with --template FILE, or take --template "
                        + nearest.template().name()
                        + " as it is, or --template plain to prompt it as a base model.");
    }

    /** A template before the model is known: nothing is compared. */
    public static TemplateChoice unproven(PromptTemplate template) {
        check(template);
        return new TemplateChoice(template, template.name(), List.of(), List.of());
    }

    /**
     * A template that the user asked for, compared with the model's own.
     *
     * @param template ours, or one made of the user's file
     * @throws UsageException where the user's words never come into its prompts
     */
    public static TemplateChoice given(
            PromptTemplate template, Optional<String> chatTemplate, PromptTokens tokens) {
        check(template);
        List<String> notes = new ArrayList<>();
        for (String token : template.tokens()) {
            if (!tokens.isToken(token)) {
                notes.add(
                        "template %s: the vocabulary has no token %s, so the model never saw it as one"
                                .formatted(template.name(), token));
            }
        }
        if (chatTemplate.isEmpty()) {
            return new TemplateChoice(
                    template,
                    "%s, as asked for: the model has no chat template to compare with"
                            .formatted(template.name()),
                    notes,
                    List.of());
        }
        try {
            ChatPrompt chat = ChatPrompt.of(chatTemplate.get(), tokens.specials());
            TemplateComparison comparison = compared(chat, template, tokens);
            if (comparison.matches()) {
                TemplateChoice matched = matched(template, comparison, chat);
                notes.addAll(matched.notes());
                return new TemplateChoice(template, matched.summary(), notes, List.of());
            }
            List<String> differences = new ArrayList<>();
            comparison.firstDifference().ifPresent(o -> differences.add(shown(o)));
            return new TemplateChoice(
                    template,
                    "%s, as asked for: %s".formatted(template.name(), comparison.summary()),
                    notes,
                    differences);
        } catch (TkException e) {
            notes.add("the chat template cannot be compared with: " + e.getMessage());
            return new TemplateChoice(
                    template, template.name() + ", as asked for", notes, List.of());
        }
    }

    private static void check(PromptTemplate template) {
        if (OllamaTemplate.parse(template.text()).losesTheUser()) {
            throw new UsageException(
                    "template %s loses what the user says".formatted(template.name()),
                    "Write {{ .Prompt }} where it belongs, or go through .Messages.");
        }
    }

    /** What our templates, which leave BOS to the runtime, have to begin with all the same. */
    private static String missingBos(ChatPrompt chat, PromptTokens tokens) {
        Rendering first = chat.render(Conversation.BUILT_IN.getFirst(), true, ChatPrompt.DAY);
        return first instanceof Rendering.Text(String text) ? tokens.missingBos(text) : "";
    }

    private static TemplateComparison compared(
            ChatPrompt chat, PromptTemplate template, PromptTokens tokens) {
        return TemplateComparison.of(chat, OllamaTemplate.parse(template.text()), tokens);
    }

    private static TemplateChoice matched(
            PromptTemplate template, TemplateComparison comparison, ChatPrompt chat) {
        List<String> notes = new ArrayList<>(comparison.notes());
        Conversation first = Conversation.BUILT_IN.getFirst();
        OllamaTemplate parsed = OllamaTemplate.parse(template.text());
        Optional<TemplateComparison.Outcome> otherTools = comparison.withTools().firstDifference();
        if (otherTools.isPresent() && !parsed.usesTools()) {
            notes.add(
                    "the model's chat template takes tools, template %s does not: Ollama will not offer any"
                            .formatted(template.name()));
        } else if (otherTools.isPresent()) {
            notes.add("with tools the prompts are not the model's own: " + shown(otherTools.get()));
        } else if (parsed.usesTools() && !chat.takesTools()) {
            notes.add(
                    "template %s offers tools, of which the model's chat template knows nothing"
                            .formatted(template.name()));
        }
        boolean dated =
                !chat.render(first, true, ChatPrompt.DAY)
                        .equals(chat.render(first, true, ChatPrompt.DAY.plusDays(400)));
        if (dated) {
            notes.add(
                    "the model's chat template tells today's date in a spelling that Ollama has not; the prompt tells 26 Jul 2024, as Llama 3.1's own does");
        }
        return new TemplateChoice(
                template,
                "%s means what the model's chat template does: %s"
                        .formatted(template.name(), comparison.summary()),
                notes,
                List.of());
    }

    private static String shown(TemplateComparison.Outcome outcome) {
        return "%s%s\n  the model's: %s\n  Ollama's:    %s"
                .formatted(
                        outcome.conversation().name(),
                        outcome.thinks() ? "" : ", thinking switched off",
                        quoted(outcome.chatPrompt()),
                        quoted(outcome.ollamaPrompt()));
    }

    private static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t") + "\"";
    }
}
