package tk.gotemplate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import tk.error.MalformedException;
import tk.gotemplate.Turn.ToolCall;
import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Templates with what Go makes of them; {@code render.go} wrote the expectations. */
class GoCasesTest {
    record Case(String template, List<Turn> turns, JsonArray tools, Optional<String> expected) {}

    static List<Case> cases() throws IOException {
        List<Case> cases = new ArrayList<>();
        try (var in = GoCasesTest.class.getResourceAsStream("cases.json")) {
            for (var item : ((JsonArray) Json.parse(in.readAllBytes(), "cases.json")).items()) {
                JsonObject one = (JsonObject) item;
                List<Turn> turns = new ArrayList<>();
                for (var message : one.array("messages").orElseThrow().items()) {
                    JsonObject m = (JsonObject) message;
                    turns.add(
                            new Turn(
                                    m.string("role").orElseThrow(),
                                    m.string("content").orElseThrow(),
                                    calls(m),
                                    m.string("name").orElse(""),
                                    m.string("tool_call_id").orElse("")));
                }
                cases.add(
                        new Case(
                                one.string("template").orElseThrow(),
                                turns,
                                one.array("tools").orElse(new JsonArray(List.of())),
                                one.string("expected")));
            }
        }
        return cases;
    }

    private static List<ToolCall> calls(JsonObject message) {
        List<ToolCall> calls = new ArrayList<>();
        for (var item : message.array("tool_calls").map(JsonArray::items).orElse(List.of())) {
            JsonObject function = ((JsonObject) item).object("function").orElseThrow();
            calls.add(
                    new ToolCall(
                            ((JsonObject) item).string("id").orElse(""),
                            function.string("name").orElseThrow(),
                            function.object("arguments").orElseThrow()));
        }
        return calls;
    }

    private static String rendered(Case one) {
        return OllamaTemplate.parse(one.template())
                .render(
                        one.turns(),
                        one.tools(),
                        OllamaTemplate.Thinking.UNSET,
                        () -> LocalDate.of(2026, 2, 3));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void rendersAsGoDoes(Case one) {
        if (one.expected().isPresent()) {
            assertThat(rendered(one)).isEqualTo(one.expected().get());
        } else {
            assertThatThrownBy(() -> rendered(one)).isInstanceOf(MalformedException.class);
        }
    }
}
