package tk.gotemplate;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.Refusal;

import java.time.LocalDate;
import java.util.List;

/** Any prompt template is filled or refused, in bounded time. */
class OllamaTemplateFuzzTest {
    private static final List<Turn> TURNS =
            List.of(new Turn("system", "Sys"), new Turn("user", "Hi"), new Turn("assistant", ""));

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void fillsOrRefuses(byte[] data) {
        Refusal.orDone(
                () -> {
                    OllamaTemplate template = OllamaTemplate.parse(new String(data, UTF_8));
                    LocalDate day = LocalDate.of(2025, 1, 2);
                    assertThat(template.render(TURNS, () -> day)).isNotNull();
                });
    }
}
