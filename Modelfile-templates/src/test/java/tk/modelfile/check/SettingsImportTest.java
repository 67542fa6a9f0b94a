package tk.modelfile.check;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

class SettingsImportTest {
    private static List<String> warnings(String config) {
        List<String> warnings = new ArrayList<>();
        SettingsImport.warn(
                (JsonObject) Json.parse(config.getBytes(StandardCharsets.UTF_8), "config"),
                warnings);
        return warnings;
    }

    @Test
    void findsNothingWrongWithWhatOllamaReads() {
        assertThat(warnings("{\"rope_theta\": 500000.0}")).isEmpty();
        assertThat(
                        warnings(
                                "{\"rope_parameters\": {\"rope_theta\": 10000.0, \"rope_type\": \"default\"}}"))
                .isEmpty();
        assertThat(
                        warnings(
                                "{\"rope_theta\": 1e6, \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}}"))
                .isEmpty();
        assertThat(warnings("{\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}}")).isEmpty();
        assertThat(
                        warnings(
                                "{\"head_dim\": 64, \"hidden_size\": 768, \"num_attention_heads\": 12}"))
                .isEmpty();
    }

    @Test
    void tellsOfWhatOllamaDoesNotRead() {
        assertThat(warnings("{\"rope_parameters\": {\"rope_theta\": 500000.0}}"))
                .singleElement()
                .asString()
                .contains("500000");
        assertThat(
                        warnings(
                                "{\"rope_theta\": 1e4, \"rope_parameters\": {\"rope_type\": \"llama3\"}}"))
                .singleElement()
                .asString()
                .contains("llama3");
        for (String scaling :
                List.of(
                        "{\"type\": \"yarn\"}",
                        "{\"rope_type\": \"linear\"}",
                        "{\"type\": \"dynamic\"}")) {
            assertThat(warnings("{\"rope_scaling\": " + scaling + "}")).as(scaling).hasSize(1);
        }
        assertThat(
                        warnings(
                                "{\"head_dim\": 128, \"hidden_size\": 768, \"num_attention_heads\": 12}"))
                .hasSize(1);
    }
}
