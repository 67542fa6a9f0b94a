package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.error.UsageException;
import tk.gotemplate.OllamaTemplate;
import tk.modelfile.TemplateComparison.Verdict;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

class TemplateChoiceTest {
    private static final PromptTokens TOKENS = Vocabularies.all(true);

    static List<PromptTemplate> families() {
        return PromptTemplate.all().stream().filter(t -> !t.name().equals("plain")).toList();
    }

    @ParameterizedTest
    @MethodSource("families")
    void takesTheTemplateThatMeansWhatTheModelsOwnDoes(PromptTemplate family) {
        TemplateChoice choice = TemplateChoice.of(Optional.of(family.chatTemplate()), TOKENS);
        assertThat(choice.template().name()).isEqualTo(family.name());
        assertThat(choice.differences()).isEmpty();
        assertThat(choice.notes()).noneMatch(note -> note.contains("offers tools"));
        assertThat(choice.notes()).noneMatch(note -> note.contains("with tools"));
    }

    private static TemplateComparison withTools(String chatTemplate, String template) {
        return TemplateComparison.of(
                        ChatPrompt.of(chatTemplate, TOKENS.specials()),
                        OllamaTemplate.parse(PromptTemplate.named(template).text()),
                        TOKENS)
                .withTools();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama3.1",
                "qwen2.5",
                "qwen3",
                "mistral-v0.3",
                "mistral-nemo",
                "mistral-v7"
            })
    void offersToolsAndShowsCallsAndResultsAsTheModelsOwnTemplateDoes(String family) {
        TemplateComparison tools = withTools(PromptTemplate.named(family).chatTemplate(), family);
        assertThat(tools.firstDifference()).isEmpty();
        assertThat(tools.count(Verdict.SAME_BUT_JSON) + tools.count(Verdict.SAME))
                .isGreaterThanOrEqualTo(2L * Conversation.WITH_TOOLS.size() - 2);
    }

    @Test
    void tellsWhereToolsWouldBeLostOrShownOtherwise() {
        String qwen = PromptTemplate.named("qwen2.5").chatTemplate();
        TemplateChoice other = chosen(qwen.replace("<tool_response>", "<response>"));
        assertThat(other.template().name()).isEqualTo("qwen2.5");
        assertThat(other.notes())
                .anySatisfy(
                        note ->
                                assertThat(note)
                                        .contains("with tools", "<response>", "a tool's result"));
        String chatml = PromptTemplate.named("chatml").chatTemplate();
        TemplateChoice none = chosen("{{- tools | tojson if tools else '' }}" + chatml);
        assertThat(none.notes()).anyMatch(note -> note.contains("will not offer any"));
        String without = qwen.replace("if tools %}", "if false %}");
        assertThat(chosen(without).notes()).anyMatch(note -> note.contains("knows nothing"));
    }

    @ParameterizedTest
    @MethodSource("families")
    void everyTemplateGoesOnWithAnAnswerThatWasBegun(PromptTemplate family) {
        OllamaTemplate template = OllamaTemplate.parse(family.text());
        List<tk.gotemplate.Turn> turns =
                List.of(
                        tk.gotemplate.Turn.user("Question?"),
                        tk.gotemplate.Turn.assistant("The answer"));
        assertThat(template.render(turns, ChatPrompt.DAY::toLocalDate)).endsWith("The answer");
    }

    @ParameterizedTest
    @CsvSource({
        "llama3.jinja, llama3",
        "meta-llama-Llama-3.1-8B-Instruct.jinja, llama3.1",
        "meta-llama-Llama-3.2-3B-Instruct.jinja, llama3.1",
        "Qwen-Qwen2.5-7B-Instruct.jinja, qwen2.5",
        "qwen3.jinja, qwen3",
        "google-gemma-2-2b-it.jinja, gemma",
        "gemma3.jinja, gemma",
        "microsoft-Phi-3.5-mini-instruct.jinja, phi-3",
        "mistralai-Mistral-Nemo-Instruct-2407.jinja, mistral-nemo",
        "deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja, deepseek-r1",
    })
    void recognisesWellKnownModels(String file, String expected) throws IOException {
        String chatTemplate = Files.readString(Shared.path("third-party/chat-templates/" + file));
        assertThat(TemplateChoice.of(Optional.of(chatTemplate), TOKENS).template().name())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "meta-llama-Llama-3.1-8B-Instruct.jinja, llama3.1",
        "meta-llama-Llama-3.2-3B-Instruct.jinja, llama3.1",
        "Qwen-Qwen2.5-7B-Instruct.jinja, qwen2.5",
        "qwen3.jinja, qwen3",
        "mistralai-Mistral-Nemo-Instruct-2407.jinja, mistral-nemo",
    })
    void showsToolsAsWellKnownModelsDo(String file, String family) throws IOException {
        String chatTemplate = Files.readString(Shared.path("third-party/chat-templates/" + file));
        TemplateComparison tools = withTools(chatTemplate, family);
        assertThat(tools.outcomes()).hasSize(2 * Conversation.WITH_TOOLS.size());
        assertThat(tools.firstDifference()).isEmpty();
    }

    private static TemplateChoice chosen(String chatTemplate) {
        return TemplateChoice.of(Optional.of(chatTemplate), TOKENS);
    }

    /** A chat template as a fine-tune might have it: ChatML in words of its own. */
    private static final String RESPELLED =
            """
            {% for m in messages %}
            {{ "<|im_start|>" ~ m["role"] }}
            {{ m["content"] ~ "<|im_end|>" }}
            {% endfor %}
            {% if add_generation_prompt %}<|im_start|>assistant
            {% endif %}""";

    @Test
    void comparesByMeaningAndNotBySpelling() {
        assertThat(chosen(RESPELLED).template().name()).isEqualTo("chatml");
    }

    @Test
    void showsTheConversationInWhichTheClosestDiffers() {
        String other = RESPELLED.replace("\"<|im_end|>\"", "\"<|im_end|>\" ~ loop.index");
        assertThatThrownBy(() -> chosen(other))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("chatml")
                .extracting(e -> String.valueOf(((UsageException) e).hint()))
                .asString()
                .contains("one turn")
                .contains("Who are you?<|im_end|>1\\n")
                .contains("Who are you?<|im_end|>\\n")
                .contains("--template FILE");
    }

    @Test
    void promptsABaseModelPlainly() {
        assertThat(TemplateChoice.of(Optional.empty(), TOKENS).template().name())
                .isEqualTo("plain");
    }

    @Test
    void saysWhatOllamaCannotDo() {
        String llama3 = PromptTemplate.named("llama3").chatTemplate();
        assertThat(chosen(llama3).notes())
                .anyMatch(note -> note.contains("spaces around"))
                .anyMatch(note -> note.contains("in a row"));
        String dated =
                PromptTemplate.named("llama3.1")
                        .chatTemplate()
                        .replace(
                                "26 Jul 2024\\n\\n' +",
                                "' + strftime_now('%d %b %Y') + '\\n\\n' +");
        assertThat(chosen(dated).template().name()).isEqualTo("llama3.1");
        assertThat(chosen(dated).notes()).anyMatch(note -> note.contains("today's date"));
    }

    @Test
    void writesBosWhereTheRuntimeWouldNot() {
        String llama3 = PromptTemplate.named("llama3").chatTemplate();
        TemplateChoice choice = TemplateChoice.of(Optional.of(llama3), Vocabularies.all(false));
        assertThat(choice.template().text()).startsWith("<s>{{-");
        assertThat(chosen(llama3).template().text()).startsWith("{{-");
    }

    @Test
    void saysWhereTheRuntimeAddsABosThatTheChatTemplateHasNot() {
        assertThat(chosen(RESPELLED).notes()).anyMatch(note -> note.contains("BOS"));
        assertThat(TemplateChoice.of(Optional.of(RESPELLED), Vocabularies.all(false)).notes())
                .noneMatch(note -> note.contains("BOS"));
    }

    @Test
    void takesWhatTheUserAsksForAndSaysHowItDiffers() {
        TemplateChoice plain =
                TemplateChoice.given(PromptTemplate.named("plain"), Optional.of(RESPELLED), TOKENS);
        assertThat(plain.template().name()).isEqualTo("plain");
        assertThat(plain.differences()).isNotEmpty();
        TemplateChoice own =
                TemplateChoice.given(
                        PromptTemplate.ofFile("own.gotmpl", PromptTemplate.named("chatml").text()),
                        Optional.of(RESPELLED),
                        TOKENS);
        assertThat(own.differences()).isEmpty();
    }

    /** As SmolLM2 and many a fine-tune do: ChatML with a system message where there is none. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sen yardımsever bir asistansın.",
                "You are a helpful AI assistant named SmolLM, trained by Hugging Face",
                "Cevapların: $1 kısa \\ açık\nolsun."
            })
    void takesTheSystemMessageThatTheChatTemplateHasByDefault(String system) {
        String chatTemplate =
                """
                {%% for message in messages %%}{%% if loop.first and message['role'] != 'system' %%}\
                {{ '<|im_start|>system\n%s<|im_end|>\n' }}{%% endif %%}\
                {{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}\
                {%% endfor %%}{%% if add_generation_prompt %%}{{ '<|im_start|>assistant\n' }}{%% endif %%}"""
                        .formatted(system.replace("\\", "\\\\"));
        TemplateChoice choice = TemplateChoice.of(Optional.of(chatTemplate), TOKENS);
        assertThat(choice.template().name()).isEqualTo("qwen2");
        assertThat(choice.template().text()).contains(system);
        assertThat(choice.summary()).contains("32 of 32");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Kullanıcı:\n", "{{ .System }}", "{{ .Response }}"})
    void refusesATemplateThatLosesWhatTheUserSays(String text) {
        PromptTemplate own = PromptTemplate.ofFile("t.txt", text);
        assertThatThrownBy(() -> TemplateChoice.given(own, Optional.empty(), TOKENS))
                .isInstanceOf(UsageException.class)
                .hasMessageContaining("t.txt loses what the user says");
    }

    @Test
    void warnsOfAVocabularyWithoutTheTemplatesTokens() {
        PromptTokens bare = PromptTokens.of(Vocabularies.sentencePiece(true, List.of()));
        assertThat(
                        TemplateChoice.given(PromptTemplate.named("chatml"), Optional.empty(), bare)
                                .notes())
                .anyMatch(note -> note.contains("<|im_start|>"));
    }

    @Test
    void gateTakesAnotherSpellingOfTheSameTemplateAndNoOther() {
        String chatml = PromptTemplate.named("chatml").chatTemplate();
        assertThat(
                        ChatTemplateCheck.ALONE
                                .check(Optional.of(chatml), Optional.of(RESPELLED))
                                .pass())
                .isTrue();
        var other =
                ChatTemplateCheck.ALONE.check(
                        Optional.of(chatml),
                        Optional.of(PromptTemplate.named("qwen2").chatTemplate()));
        assertThat(other.pass()).isFalse();
        assertThat(other.detail()).contains("one turn");
        assertThat(ChatTemplateCheck.ALONE.check(Optional.of(chatml), Optional.empty()).pass())
                .isFalse();
    }
}
