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

/** Importance matrices at the command line. */
class ImatrixCommandTest {
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    private Path text() throws IOException {
        return Files.writeString(
                folder.resolve("text.txt"), "Bu bir metin ve bir kitap. ".repeat(40));
    }

    @Test
    void writesAFileThatQuantizeTakes() throws IOException {
        Path file = folder.resolve("imatrix.gguf");
        Run run = tk("imatrix", PT, text(), "-o", file, "--ctx", 32, "--chunks", 2, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.json().members().keySet()).contains("path");
        Run seen = tk("inspect", file, "--json");
        assertThat(seen.json().object("metadata").orElseThrow().string("general.type"))
                .contains("imatrix");
        Path with = folder.resolve("with.gguf");
        Path without = folder.resolve("without.gguf");
        Run quantized = tk("quantize", "--imatrix", file, PT, with, "q4_K_M");
        assertThat(quantized.exit()).as(quantized.err()).isZero();
        assertThat(tk("quantize", PT, without, "q4_K_M").exit()).isZero();
        assertThat(Files.mismatch(with, without)).isNotNegative();
        Run again = tk("imatrix", PT, text(), "-o", file, "--ctx", 32, "--chunks", 2);
        assertThat(again.exit()).as("an existing file is kept").isNotZero();
        assertThat(again.err()).contains("--force");
    }

    @Test
    void plansWithoutWriting() throws IOException {
        Path file = folder.resolve("imatrix.gguf");
        Run run = tk("imatrix", PT, text(), "-o", file, "--ctx", 32, "--dry-run");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out()).contains("Nothing was written");
        assertThat(file).doesNotExist();
    }

    @Test
    void refusesATextThatIsMissingOrTooShort() throws IOException {
        Path file = folder.resolve("imatrix.gguf");
        assertThat(tk("imatrix", PT, "-o", file).exit()).isEqualTo(2);
        assertThat(tk("imatrix", PT, folder.resolve("none"), "-o", file).exit()).isEqualTo(7);
        Path little = Files.writeString(folder.resolve("little.txt"), "Bu");
        Run run = tk("imatrix", PT, little, "-o", file, "--json");
        assertThat(run.exit()).isBetween(2, 5);
        assertThat(run.json().object("error")).isPresent();
        assertThat(file).doesNotExist();
    }
}
