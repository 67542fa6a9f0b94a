package tk.modelfile;

import tk.error.TkException;
import tk.jinja.Rendering;
import tk.verify.Gate;
import tk.verify.GateResult;
import tk.verify.TemplateCheck;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Gate {@code template}: the same conversation becomes the same prompt. Two chat templates that are
 * spelled differently are compared by what they make of the built-in conversations; a Modelfile's
 * template by {@link TemplateChoice}.
 *
 * @param choice the Modelfile's template, where one is being made
 */
public record ChatTemplateCheck(Optional<TemplateChoice> choice) implements TemplateCheck {
    private static final Map<String, String> SPECIALS =
            Map.of("bos_token", "<s>", "eos_token", "</s>", "unk_token", "<unk>");

    /** Of chat templates alone. */
    public static final ChatTemplateCheck ALONE = new ChatTemplateCheck(Optional.empty());

    @Override
    public GateResult check(Optional<String> reference, Optional<String> candidate) {
        GateResult verbatim = TemplateCheck.VERBATIM.check(reference, candidate);
        GateResult same =
                verbatim.pass() || reference.isEmpty() || candidate.isEmpty()
                        ? verbatim
                        : compared(reference.get(), candidate.get(), verbatim);
        if (choice.isEmpty() || !same.pass()) return same;
        List<String> notes = new ArrayList<>(same.notes());
        notes.addAll(choice.get().notes());
        notes.addAll(choice.get().differences());
        return GateResult.of(
                Gate.TEMPLATE, same.detail() + "; " + choice.get().summary(), List.of(), notes);
    }

    @Override
    public Optional<String> promptTemplate() {
        return choice.map(made -> made.template().text());
    }

    private static GateResult compared(String reference, String candidate, GateResult verbatim) {
        try {
            ChatPrompt a = ChatPrompt.of(reference, SPECIALS);
            ChatPrompt b = ChatPrompt.of(candidate, SPECIALS);
            for (boolean thinks : new boolean[] {true, false}) {
                for (Conversation conversation : Conversation.BUILT_IN) {
                    Rendering x = a.render(conversation, thinks, ChatPrompt.DAY);
                    Rendering y = b.render(conversation, thinks, ChatPrompt.DAY);
                    boolean same =
                            x.equals(y)
                                    || (x instanceof Rendering.Refused
                                            && y instanceof Rendering.Refused);
                    if (!same) {
                        return GateResult.of(
                                Gate.TEMPLATE,
                                "",
                                List.of(
                                        "the chat template makes another prompt than the source's of: "
                                                + conversation.name()),
                                List.of());
                    }
                }
            }
            return GateResult.of(
                    Gate.TEMPLATE,
                    "the chat template is spelled differently, and makes the source's prompts of %d conversations"
                            .formatted(Conversation.BUILT_IN.size()),
                    List.of(),
                    List.of());
        } catch (TkException e) {
            return verbatim;
        }
    }
}
