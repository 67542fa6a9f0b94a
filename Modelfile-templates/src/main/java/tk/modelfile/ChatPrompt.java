package tk.modelfile;

import tk.jinja.JinjaTemplate;
import tk.jinja.Rendering;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.time.LocalDateTime;
import java.util.Map;

/**
 * A model's chat template with what transformers gives it besides the messages.
 *
 * @param template the Jinja
 * @param specials the texts of the special tokens: {@code bos_token}, {@code eos_token}, …
 */
record ChatPrompt(JinjaTemplate template, Map<String, String> specials) {
    /** The day that Llama 3.1's chat template tells where no one tells it another. */
    static final LocalDateTime DAY = LocalDateTime.of(2024, 7, 26, 12, 0);

    static ChatPrompt of(String chatTemplate, Map<String, String> specials) {
        return new ChatPrompt(JinjaTemplate.parse(chatTemplate), Map.copyOf(specials));
    }

    /** Whether tools that are offered are seen in the prompt. */
    boolean takesTools() {
        for (Conversation conversation : Conversation.WITH_TOOLS) {
            Rendering with = render(conversation, true, DAY);
            if (with instanceof Rendering.Text
                    && !with.equals(render(conversation.withoutTools(), true, DAY))) return true;
        }
        return false;
    }

    /**
     * The prompt up to where the model answers.
     *
     * @param thinks false where the user does not want a thinking model's thoughts
     */
    Rendering render(Conversation conversation, boolean thinks, LocalDateTime now) {
        JsonObject variables =
                conversation
                        .toJson()
                        .with("add_generation_prompt", JsonValue.of(true))
                        .with("documents", JsonValue.of(null));
        for (var special : specials.entrySet())
            variables = variables.with(special.getKey(), JsonValue.of(special.getValue()));
        if (!thinks) variables = variables.with("enable_thinking", JsonValue.of(false));
        return template.render(variables, () -> now);
    }
}
