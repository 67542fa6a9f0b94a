package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code tk convert} of an adapter by itself. */
class AdapterConversionTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    @Test
    void anAdapterAloneBecomesAGguf() {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path gguf = folder.resolve("adapter.gguf");
        Run run = tk("convert", adapter, gguf, "--config", EXAMPLE);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(gguf).exists();
        Run without = tk("convert", adapter, folder.resolve("other.gguf"));
        assertThat(without.exit()).as(without.err()).isEqualTo(2);
        assertThat(without.err()).contains("--config");
    }

    /** The base as llama.cpp's users have it, and a trainer's copy of its settings. */
    @Test
    void anAdaptersBaseIsAModelInAnyFormatOrTheConfigurationBesideTheAdapter() throws IOException {
        Path adapter = new ExampleAdapter().in(folder.resolve("adapter"));
        Path expected = folder.resolve("expected.gguf");
        assertThat(tk("convert", adapter, expected, "--config", EXAMPLE).exit()).isZero();
        Path base = folder.resolve("base.gguf");
        assertThat(tk("quantize", PT, base, "q8_0").exit()).isZero();
        Path fromGguf = folder.resolve("from-gguf.gguf");
        Run run = tk("convert", adapter, fromGguf, "--config", base);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(fromGguf).hasSameBinaryContentAs(expected);
        Files.copy(EXAMPLE.resolve("config.json"), adapter.resolve("config.json"));
        Path beside = folder.resolve("beside.gguf");
        run = tk("convert", adapter, beside);
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(beside).hasSameBinaryContentAs(expected);
    }
}
