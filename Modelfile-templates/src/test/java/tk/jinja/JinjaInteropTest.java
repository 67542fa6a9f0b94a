package tk.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.testing.Originals;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Side by side with jinja2 itself. */
@Tag("interop")
class JinjaInteropTest {
    @TempDir Path folder;

    private JinjaCases byJinja2(JsonObject document) throws IOException, InterruptedException {
        Path script = folder.resolve("render.py");
        try (var in = JinjaInteropTest.class.getResourceAsStream("render.py")) {
            Files.write(script, in.readAllBytes());
        }
        Path cases = folder.resolve("cases.json");
        Path output = folder.resolve("output.json");
        Files.writeString(cases, JsonText.COMPACT.write(document));
        Originals.run(Originals.python(), script, cases, output);
        return JinjaCases.of(Files.readAllBytes(output));
    }

    @Test
    void theExpectationsAreJinja2s() throws IOException, InterruptedException {
        JsonObject document;
        try (var in = JinjaInteropTest.class.getResourceAsStream("cases.json")) {
            document = (JsonObject) tk.json.Json.parse(in.readAllBytes(), "cases.json");
        }
        assertThat(byJinja2(document)).isEqualTo(JinjaCases.builtIn());
    }

    @Test
    void rendersWellKnownTemplatesAsJinja2Does() throws IOException, InterruptedException {
        List<Object> cases = new ArrayList<>();
        try (var files = Files.newDirectoryStream(Shared.path("third-party/chat-templates"))) {
            for (Path file : files) {
                for (Map<String, Object> variables : conversations())
                    cases.add(Map.of("template", Files.readString(file), "variables", variables));
            }
        }
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("variables", Map.of("bos_token", "<s>", "eos_token", "</s>"));
        document.put("cases", cases);
        JinjaCases expected = byJinja2((JsonObject) JsonValue.of(document));
        assertThat(expected.cases()).hasSizeGreaterThan(100);
        for (JinjaCases.Case one : expected.cases()) {
            assertThat(JinjaCases.rendered(one))
                    .as("%s", one.variables())
                    .isEqualTo(one.expected());
        }
    }

    private static List<Map<String, Object>> conversations() {
        Map<String, Object> tool =
                Map.of(
                        "type",
                        "function",
                        "function",
                        Map.of(
                                "name", "hava",
                                "description", "\"Hava\" <durumu>",
                                "parameters", Map.of("type", "object")));
        Map<String, Object> call =
                Map.of(
                        "id",
                        "abcdefghi",
                        "type",
                        "function",
                        "function",
                        Map.of("name", "hava", "arguments", Map.of("şehir", "İzmir")));
        List<List<Object>> conversations =
                List.of(
                        List.of(says("user", "Merhaba ığ 👩‍👩‍👧")),
                        List.of(says("system", " S "), says("user", " a \n")),
                        List.of(
                                says("user", "a"),
                                says("assistant", "<think>\nx\n</think>\n\nb "),
                                says("user", "c")),
                        List.of(says("user", "a"), says("user", "b")),
                        List.of(says("assistant", "a"), says("system", "b")),
                        List.of(
                                says("user", "q"),
                                Map.of(
                                        "role",
                                        "assistant",
                                        "content",
                                        "",
                                        "tool_calls",
                                        List.of(call)),
                                Map.of(
                                        "role",
                                        "tool",
                                        "content",
                                        "güneşli",
                                        "tool_call_id",
                                        "abcdefghi")),
                        List.of(
                                Map.of(
                                        "role",
                                        "user",
                                        "content",
                                        List.of(Map.of("type", "text", "text", " t ")))),
                        List.of());
        List<Map<String, Object>> all = new ArrayList<>();
        for (List<Object> messages : conversations) {
            for (boolean generates : new boolean[] {true, false}) {
                for (boolean tools : new boolean[] {true, false}) {
                    Map<String, Object> variables = new LinkedHashMap<>();
                    variables.put("messages", messages);
                    variables.put("add_generation_prompt", generates);
                    variables.put("tools", tools ? List.of(tool) : null);
                    variables.put("enable_thinking", tools);
                    all.add(variables);
                }
            }
        }
        return all;
    }

    private static Map<String, Object> says(String role, String content) {
        return Map.of("role", role, "content", content);
    }
}
