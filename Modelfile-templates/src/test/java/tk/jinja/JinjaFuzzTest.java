package tk.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Refusal;

import java.time.LocalDateTime;

/** Any chat template is rendered or refused, in bounded time. */
class JinjaFuzzTest {
    private static final JsonObject VARIABLES =
            (JsonObject)
                    Json.parse(
                            """
                            {"messages": [
                                {"role": "system", "content": "Sys"},
                                {"role": "user", "content": "Hi"},
                                {"role": "assistant", "content": "Yo"}],
                             "tools": [], "bos_token": "<s>", "eos_token": "</s>",
                             "add_generation_prompt": true}
                            """
                                    .getBytes(UTF_8),
                            "variables");

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void rendersOrRefuses(byte[] data) {
        Refusal.orDone(
                () -> {
                    JinjaTemplate template = JinjaTemplate.parse(new String(data, UTF_8));
                    LocalDateTime day = LocalDateTime.of(2025, 1, 2, 3, 4);
                    assertThat(template.render(VARIABLES, () -> day)).isNotNull();
                });
    }
}
