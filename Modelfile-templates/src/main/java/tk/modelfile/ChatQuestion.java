package tk.modelfile;

import tk.error.UnsupportedException;
import tk.gotemplate.Turn;
import tk.jinja.Rendering;
import tk.json.JsonValue.JsonArray;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** A question as a model's chat template puts it, up to where the model answers. */
public final class ChatQuestion implements UnaryOperator<String> {
    private final ChatPrompt prompt;

    private ChatQuestion(ChatPrompt prompt) {
        this.prompt = prompt;
    }

    /**
     * Questions by a template.
     *
     * @param chatTemplate Jinja
     * @param specials the texts of the special tokens: {@code bos_token}, {@code eos_token}
     * @throws tk.error.TkException where it is no template
     */
    public static ChatQuestion of(String chatTemplate, Map<String, String> specials) {
        return new ChatQuestion(ChatPrompt.of(chatTemplate, specials));
    }

    /**
     * The prompt for a question, as {@code apply_chat_template(add_generation_prompt=True)} gives
     * it: special tokens are in it as text, BOS among them where the template writes one.
     *
     * @throws UnsupportedException where the template refuses a lone question
     */
    @Override
    public String apply(String question) {
        Conversation conversation =
                new Conversation(
                        "question", List.of(Turn.user(question)), new JsonArray(List.of()));
        return switch (prompt.render(conversation, true, ChatPrompt.DAY)) {
            case Rendering.Text(String text) -> text;
            case Rendering.Refused(String message) ->
                    throw new UnsupportedException(
                            "the chat template refuses a question without more: " + message,
                            "Leave --apply-chat-template out.");
        };
    }
}
