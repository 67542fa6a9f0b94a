package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Plans: what they tell, and that they end as the checks of the real run would. */
class DryRunTest {
    private static final Path PT = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");
    private static final Path LORA = CommandLineTest.EXAMPLE.resolve("lora");

    @TempDir Path folder;

    @Test
    void everyPlanTellsDiskAndMemoryAndWritesNothing() throws IOException {
        Path out = folder.resolve("çıktı");
        Path gguf = folder.resolve("out.gguf");
        for (List<Object> command :
                List.<List<Object>>of(
                        List.of("package", PT, out),
                        List.of("package", PT, out, "--format", "safetensors"),
                        List.of("convert", PT, out),
                        List.of("convert", PT, gguf),
                        List.of("convert", PT, folder.resolve("out.pt")),
                        List.of("convert", LORA, gguf, "--config", CommandLineTest.EXAMPLE),
                        List.of("quantize", PT, gguf),
                        List.of("merge-lora", PT, LORA, out))) {
            Run text = tk(Stream.concat(command.stream(), Stream.of("--dry-run")).toArray());
            assertThat(text.out()).as("%s", command).contains("of disk").contains("of memory");
            Run run =
                    tk(Stream.concat(command.stream(), Stream.of("--dry-run", "--json")).toArray());
            assertThat(run.exit()).as(run.err()).isZero();
            JsonObject disk = run.json().object("disk").orElseThrow();
            assertThat(disk.number("needed").orElseThrow().asDouble())
                    .isGreaterThanOrEqualTo(run.json().number("bytes").orElseThrow().asDouble())
                    .isLessThan(disk.number("free").orElseThrow().asDouble());
            assertThat(run.json().number("memory")).isPresent();
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void aPlanToConvertNamesEveryTensorWithItsTypes() {
        Run run =
                tk(
                        "convert",
                        PT,
                        folder.resolve("o.gguf"),
                        "--dtype",
                        "f32",
                        "--dry-run",
                        "--json");
        assertThat(run.json().array("tensors").orElseThrow().items())
                .hasSize(56)
                .anySatisfy(
                        tensor -> {
                            JsonObject embedding = (JsonObject) tensor;
                            assertThat(embedding.string("name")).contains("token_embd.weight");
                            assertThat(embedding.string("from")).contains("F16");
                            assertThat(embedding.string("to")).contains("F32");
                        });
    }

    @Test
    void aPlanMissesWhatTheRealRunWouldMiss() {
        Path out = folder.resolve("out");
        Path nothing = folder.resolve("nothing");
        for (String option : List.of("--prompts", "--reference", "--license", "--imatrix")) {
            Run run = tk("package", PT, out, option, nothing, "--dry-run", "--json");
            assertThat(run.exit()).as(option).isEqualTo(7);
            assertThat(run.json().object("error")).isPresent();
        }
        Run inside = tk("convert", PT, PT.resolve("out.gguf"), "--dry-run");
        assertThat(inside.exit()).isEqualTo(7);
        assertThat(inside.err()).contains("is a file");
    }
}
