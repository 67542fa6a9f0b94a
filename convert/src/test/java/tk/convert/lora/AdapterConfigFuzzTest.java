package tk.convert.lora;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;
import tk.testing.Refusal;

/** Any adapter_config.json is read or refused; what is read answers for any module. */
class AdapterConfigFuzzTest {
    @FuzzTest(maxDuration = "", maxExecutions = 10_000_000)
    void readsOrRefuses(byte[] data) {
        Refusal.orDone(
                () -> {
                    if (Json.parse(data, "adapter_config.json") instanceof JsonObject json) {
                        AdapterConfig config =
                                AdapterConfigReader.parse("adapter_config.json", json);
                        String module = "model.layers.1.self_attn.q_proj";
                        if (config.targets(module)) assertThat(config.rank(module)).isPositive();
                    }
                });
    }
}
