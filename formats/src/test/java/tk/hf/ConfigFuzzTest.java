package tk.hf;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Refusal;

import java.util.Map;

/**
 * Any config.json and params.json is read or refused; what is read can be written as a config.json.
 */
class ConfigFuzzTest {
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.orDone(
                () -> {
                    if (Json.parse(data, "config.json") instanceof JsonObject json) {
                        ModelConfig config = ConfigReader.parse(json, "config.json");
                        assertThat(config.layers()).isPositive();
                    }
                });
    }

    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefusesMetaParameters(byte[] data) {
        Refusal.orDone(
                () -> {
                    if (Json.parse(data, "params.json") instanceof JsonObject json) {
                        ModelConfig config = MetaConfig.of(json, "params.json", Map.of(), true);
                        assertThat(config.layers()).isPositive();
                    }
                });
    }
}
