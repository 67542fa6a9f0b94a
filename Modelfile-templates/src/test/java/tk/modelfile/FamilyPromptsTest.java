package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.OllamaTemplate.Thinking;
import tk.jinja.Rendering;
import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What jinja2 and Go's text/template make of every family's templates; written by {@code
 * families.py}.
 */
class FamilyPromptsTest {
    private static final String OFF = " (thinking off)";

    static List<PromptTemplate> families() {
        return PromptTemplate.all();
    }

    private static JsonObject expected(PromptTemplate family, String kind) throws IOException {
        try (var in = FamilyPromptsTest.class.getResourceAsStream("families.json")) {
            JsonObject all = (JsonObject) Json.parse(in.readAllBytes(), "families.json");
            return all.object(family.name()).flatMap(o -> o.object(kind)).orElseThrow();
        }
    }

    private static Conversation named(String key) {
        String name = key.replace(OFF, "");
        return Stream.concat(Conversation.BUILT_IN.stream(), Conversation.WITH_TOOLS.stream())
                .filter(c -> c.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("families")
    void chatTemplatesRenderAsInJinja2(PromptTemplate family) throws IOException {
        JsonObject expected = expected(family, "chatPrompts");
        assertThat(expected.members()).hasSizeGreaterThanOrEqualTo(12);
        ChatPrompt chat =
                ChatPrompt.of(
                        family.chatTemplate(), Map.of("bos_token", "<s>", "eos_token", "</s>"));
        for (String key : expected.members().keySet()) {
            Rendering rendering = chat.render(named(key), !key.endsWith(OFF), ChatPrompt.DAY);
            Optional<String> text =
                    rendering instanceof Rendering.Text(String t)
                            ? Optional.of(t)
                            : Optional.empty();
            assertThat(text).as(key).isEqualTo(expected.string(key));
        }
    }

    @ParameterizedTest
    @MethodSource("families")
    void promptTemplatesRenderAsInGo(PromptTemplate family) throws IOException {
        JsonObject expected = expected(family, "ollamaPrompts");
        OllamaTemplate template = OllamaTemplate.parse(family.text());
        for (String key : expected.members().keySet()) {
            Thinking thinking = key.endsWith(OFF) ? Thinking.OFF : Thinking.UNSET;
            Conversation talk = named(key);
            assertThat(
                            template.render(
                                    talk.turns(),
                                    talk.tools(),
                                    thinking,
                                    ChatPrompt.DAY::toLocalDate))
                    .as(key)
                    .isEqualTo(expected.string(key).orElseThrow());
        }
    }
}
