package tk.modelfile;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.junit.FuzzTest;

/** Any Modelfile is read or refused with the line where Ollama gives up. */
class ModelfileFuzzTest {
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        ModelfileReading reading = ModelfileParser.read(new String(data, UTF_8));
        for (ModelfileReading.Placed placed : reading.instructions()) {
            assertThat(placed.lastLine()).isGreaterThanOrEqualTo(placed.line());
        }
        reading.refusal().ifPresent(refusal -> assertThat(refusal.message()).isNotEmpty());
    }
}
