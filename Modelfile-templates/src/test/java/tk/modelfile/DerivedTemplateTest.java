package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import tk.error.UsageException;
import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.Turn;
import tk.jinja.Rendering;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

class DerivedTemplateTest {
    private static final PromptTokens TOKENS = Vocabularies.all(true);

    /** Marks of the fine-tune's own. */
    private static final String OWN_MARKS =
            """
            {{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}<sistem>{{ m.content }}</sistem>
            {% elif m.role == 'user' %}<soru>{{ m.content }}</soru>
            {% else %}<cevap>{{ m.content }}</cevap>
            {% endif %}{% endfor %}{% if add_generation_prompt %}<cevap>{% endif %}""";

    /** Words in place of marks, and no system message of an empty text. */
    private static final String HEADINGS =
            """
            {% for m in messages %}{% if m.role == 'system' %}{% if m.content %}{{ '### Sistem:\\n' + m.content + '\\n\\n' }}\
            {% endif %}{% else %}{{ '### ' + ('Kullanıcı' if m.role == 'user' else 'Asistan') + ':\\n' + m.content + '\\n\\n' }}\
            {% endif %}{% endfor %}{% if add_generation_prompt %}{{ '### Asistan:\\n' }}{% endif %}""";

    /** A system text where there is none, and no end of a turn but an answer's. */
    private static final String DEFAULT_SYSTEM =
            """
            {% set rest = messages[1:] if messages[0].role == 'system' else messages %}\
            {{ bos_token + (messages[0].content if messages[0].role == 'system' else 'Meraklı biri ile "asistan" söyleşiyor.') }}\
            {% for m in rest %}{{ ' USER: ' + m.content if m.role == 'user' else ' ASSISTANT: ' + m.content + eos_token }}\
            {% endfor %}{% if add_generation_prompt %} ASSISTANT:{% endif %}""";

    /** The system text within the user's first turn, and a text that means something to Go. */
    private static final String WITHIN_THE_FIRST_TURN =
            """
            {{ bos_token }}{% set first = messages[0].content + '\\n\\\\{{ "-" }}\\t' if messages[0].role == 'system' else '' %}\
            {% for m in (messages[1:] if messages[0].role == 'system' else messages) %}\
            {{ '[KUL]' + (first if loop.first else '') + m.content + '[/KUL]' if m.role == 'user' else '[AS]' + m.content + '[/AS]' }}\
            {% endfor %}{% if add_generation_prompt %}[AS]{% endif %}""";

    /** Answers that begin with thoughts, which are left out once they are given. */
    private static final String THOUGHTS =
            """
            {% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content.split('</think>')[-1] + '<|im_end|>\\n' }}\
            {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}""";

    /** Users and assistants in turn, and nobody else. */
    private static final String STRICT =
            """
            {{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('turns') }}\
            {% endif %}{{ '[INST] ' + m.content + ' [/INST]' if m.role == 'user' else m.content + eos_token + ' ' }}{% endfor %}""";

    static Stream<Arguments> formats() {
        return Stream.of(
                Arguments.of(OWN_MARKS, List.of("</cevap>", "<soru>")),
                Arguments.of(HEADINGS, List.of("### Kullanıcı:")),
                Arguments.of(DEFAULT_SYSTEM, List.of("</s>")),
                Arguments.of(WITHIN_THE_FIRST_TURN, List.of("[/AS]", "[KUL]")),
                Arguments.of(THOUGHTS, List.of("<|im_end|>", "<|im_start|>")),
                Arguments.of(STRICT, List.of("</s>", "[INST]")));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void writesATemplateForAFormatOfTheModelsOwn(String chatTemplate, List<String> stops) {
        TemplateChoice choice = TemplateChoice.of(Optional.of(chatTemplate), TOKENS);
        assertThat(choice.template().name()).isEqualTo("derived");
        assertThat(choice.template().stops()).containsExactlyElementsOf(stops);
        assertThat(choice.differences()).isEmpty();
        assertThat(choice.summary()).contains("derived means what the model's chat template does");
        assertThat(choice.notes().stream().anyMatch(note -> note.contains("system message")))
                .isEqualTo(chatTemplate.equals(STRICT));
    }

    @ParameterizedTest
    @MethodSource("formats")
    void goesOnWithAnAnswerThatWasBegun(String chatTemplate, List<String> stops) {
        TemplateChoice choice = TemplateChoice.of(Optional.of(chatTemplate), TOKENS);
        List<Turn> turns = List.of(Turn.user("Soru?"), Turn.assistant("Yanıt"));
        assertThat(
                        OllamaTemplate.parse(choice.template().text())
                                .render(turns, ChatPrompt.DAY::toLocalDate))
                .endsWith("Yanıt");
    }

    /** Conversations that no comparison with the built-in ones has seen. */
    @Test
    void makesTheModelsPromptOfOtherConversations() {
        TemplateChoice choice = TemplateChoice.of(Optional.of(DEFAULT_SYSTEM), TOKENS);
        List<Turn> turns =
                List.of(
                        Turn.system("Kısa \"yanıt\" ver."),
                        Turn.user("İlk soru {{ .Content }}"),
                        Turn.assistant("İlk yanıt"),
                        Turn.user("<soru>\\n"));
        Conversation conversation =
                new Conversation("x", turns, new tk.json.JsonValue.JsonArray(List.of()));
        Rendering own =
                ChatPrompt.of(DEFAULT_SYSTEM, TOKENS.specials())
                        .render(conversation, true, ChatPrompt.DAY);
        String ours =
                OllamaTemplate.parse(choice.template().text())
                        .render(turns, ChatPrompt.DAY::toLocalDate);
        assertThat(own).isEqualTo(new Rendering.Text("<s>" + ours));
    }

    @Test
    void writesBosWhereTheRuntimeWouldNot() {
        TemplateChoice choice = TemplateChoice.of(Optional.of(OWN_MARKS), Vocabularies.all(false));
        assertThat(choice.template().text()).startsWith("<s>{{-");
    }

    @Test
    void leavesAFormatThatDependsOnMoreThanTheSpeakersToTheUser() {
        String numbered = OWN_MARKS.replace("<soru>", "<soru {{ loop.index }}>");
        assertThatThrownBy(() -> TemplateChoice.of(Optional.of(numbered), TOKENS))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("none of those tk has");
    }
}
