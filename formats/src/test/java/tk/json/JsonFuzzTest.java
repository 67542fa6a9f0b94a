package tk.json;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.testing.Refusal;

/** Any bytes are JSON or refused; what is read is written so that it reads the same. */
class JsonFuzzTest {
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.orDone(
                () -> {
                    JsonValue value = Json.parse(data, "input");
                    byte[] written = JsonText.COMPACT.write(value).getBytes(UTF_8);
                    assertThat(Json.parse(written, "written")).isEqualTo(value);
                });
    }
}
