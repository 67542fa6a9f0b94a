package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;

import tk.json.JsonValue.JsonObject;

import java.nio.file.Path;

class InspectAdapterTest {
    private static final Path ADAPTER = CommandLineTest.EXAMPLE.resolve("lora");

    @Test
    void showsAnAdaptersSettingsAndTensors() {
        assertThat(tk("inspect", ADAPTER).out())
                .contains("LoRA adapter", "lora_alpha", "[\"q_proj\",\"v_proj\"]")
                .doesNotContain("layers.0");
        JsonObject json = tk("inspect", ADAPTER, "--json", "--hash").json();
        assertThat(json.string("format")).hasValue("LoRA adapter");
        assertThat(json.object("config").flatMap(config -> config.number("r"))).isPresent();
        assertThat(json.array("tensors").orElseThrow().items())
                .hasSize(24)
                .allSatisfy(
                        tensor ->
                                assertThat(((JsonObject) tensor).string("sha256").orElseThrow())
                                        .hasSize(64));
    }

    @Test
    void listsItsTensorsWithStatistics() {
        assertThat(tk("inspect", ADAPTER, "--stats").out()).contains("lora_A", "F32");
    }
}
