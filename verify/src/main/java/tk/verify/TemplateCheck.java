package tk.verify;

import java.util.List;
import java.util.Optional;

/** Whether the candidate's chat template is the source's. */
@FunctionalInterface
public interface TemplateCheck {
    /** Passes where both have the same text, or neither has a template. */
    TemplateCheck VERBATIM = TemplateCheck::compare;

    /**
     * Compares two Jinja chat templates.
     *
     * @param reference the source's
     * @param candidate the candidate's
     * @return a result of {@link Gate#TEMPLATE}
     */
    GateResult check(Optional<String> reference, Optional<String> candidate);

    /** The text of the Modelfile's template that the result is about too, where it is. */
    default Optional<String> promptTemplate() {
        return Optional.empty();
    }

    private static GateResult compare(Optional<String> reference, Optional<String> candidate) {
        String passed =
                reference.isPresent()
                        ? "the chat template is the source's, character by character"
                        : "no chat template on either side";
        if (reference.equals(candidate)) {
            return GateResult.of(Gate.TEMPLATE, passed, List.of(), List.of());
        }
        String failure;
        if (candidate.isEmpty()) {
            failure = "the source's chat template is missing";
        } else if (reference.isEmpty()) {
            failure = "there is a chat template that the source does not have";
        } else {
            String a = reference.get();
            String b = candidate.get();
            int at = 0;
            while (at < Math.min(a.length(), b.length()) && a.charAt(at) == b.charAt(at)) at++;
            failure = "the chat template differs from the source's at character " + at;
        }
        return GateResult.of(Gate.TEMPLATE, passed, List.of(failure), List.of());
    }
}
