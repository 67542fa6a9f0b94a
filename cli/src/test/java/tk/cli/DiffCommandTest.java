package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Models compared at the command line, across formats. */
class DiffCommandTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    @Test
    void findsNoTensorThatDiffersAcrossFormats() {
        Path gguf = folder.resolve("same.gguf");
        assertThat(tk("convert", "--byte-fallback", "none", PT, gguf).exit()).isZero();
        Run run = tk("diff", PT, gguf, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonObject json = run.json();
        assertThat(json.array("tensors").orElseThrow().items())
                .allSatisfy(
                        t ->
                                assertThat(
                                                ((JsonObject) t)
                                                        .number("changed")
                                                        .orElseThrow()
                                                        .asLong())
                                        .contains(0L));
        assertThat(json.array("onlyInA").orElseThrow().items()).isEmpty();
        assertThat(json.array("onlyInB").orElseThrow().items()).isEmpty();
        assertThat(tk("diff", PT, gguf).out()).contains("tensors equal, 0 differ");
        Run itself = tk("diff", gguf, gguf, "--json");
        assertThat(itself.json().bool("equal")).contains(true);
    }

    @Test
    void showsWhichTensorsDifferAndByHowMuch() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path merged = folder.resolve("merged");
        assertThat(tk("merge-lora", PT, adapter, merged).exit()).isZero();
        Run run = tk("diff", PT, merged, "--json");
        assertThat(run.exit()).as("differing is no failure").isZero();
        assertThat(run.json().bool("equal")).contains(false);
        assertThat(run.json().array("tensors").orElseThrow().items())
                .hasSize(12)
                .allSatisfy(
                        t -> {
                            JsonObject tensor = (JsonObject) t;
                            assertThat(tensor.string("name").orElseThrow())
                                    .containsAnyOf("q_proj", "v_proj");
                            assertThat(tensor.number("nmse").orElseThrow().asDouble()).isPositive();
                        });
        assertThat(tk("diff", PT, merged).out())
                .contains("max abs", "12 differ", "model.layers.0.self_attn.q_proj.weight");
    }

    @Test
    void refusesWhatIsNoModel() throws IOException {
        assertThat(tk("diff", PT, folder.resolve("none")).exit()).isEqualTo(7);
        assertThat(tk("diff", PT).exit()).isEqualTo(2);
        Path note = Files.writeString(folder.resolve("note.txt"), "no model");
        assertThat(tk("diff", PT, note).exit()).isIn(3, 5);
    }
}
