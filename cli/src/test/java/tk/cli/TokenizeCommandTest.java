package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** {@code tk tokenize} on the example, by its tokenizer and by the GGUF made of it. */
class TokenizeCommandTest {
    private static final String TEXT = "Merhaba dünya";

    @TempDir Path folder;

    @Test
    void theGgufsIdsAreTheSources() {
        Path gguf = folder.resolve("model.gguf");
        Path pt = EXAMPLE.resolve("turkish_llm_mini.pt");
        assertThat(tk("convert", pt, gguf).exit()).isZero();
        String source = tk("tokenize", "--ids", pt, TEXT).out();
        assertThat(source).startsWith("[1, ");
        assertThat(tk("tokenize", "--ids", gguf, TEXT).out()).isEqualTo(source);
        Path alone = EXAMPLE.resolve("tokenizer.model");
        assertThat(tk("tokenize", "--ids", alone, TEXT).out()).isEqualTo(source);
        assertThat(tk("tokenize", "--ids", "--no-bos", alone, TEXT).out())
                .isEqualTo(source.replace("[1, ", "["));
    }

    @Test
    void showsAPieceALine() {
        CommandLineTest.Run run = tk("tokenize", EXAMPLE.resolve("tokenizer.model"), TEXT);
        assertThat(run.exit()).isZero();
        assertThat(run.out().lines())
                .allMatch(line -> line.matches(" *\\d+ -> '.*'"))
                .anyMatch(line -> line.contains("\u2581"));
    }

    @Test
    void aFilesTextIsOneText() throws IOException {
        Path file = Files.writeString(folder.resolve("text.txt"), TEXT);
        Path model = EXAMPLE.resolve("tokenizer.model");
        assertThat(tk("tokenize", "--ids", model, "--file", file).out())
                .isEqualTo(tk("tokenize", "--ids", model, TEXT).out());
        assertThat(tk("tokenize", model).exit()).isEqualTo(2);
        assertThat(tk("tokenize", model, TEXT, "-f", file).exit()).isEqualTo(2);
    }

    @Test
    void printsJson() {
        var json = tk("tokenize", "--json", EXAMPLE.resolve("tokenizer.model"), TEXT).json();
        int count = json.array("ids").orElseThrow().items().size();
        assertThat(json.number("count").orElseThrow().asDouble()).isEqualTo(count);
        assertThat(json.array("tokens").orElseThrow().items()).hasSize(count);
    }

    @Test
    void specialTokensAreReadUnlessToldOtherwise() {
        Path model = EXAMPLE.resolve("tokenizer.model");
        assertThat(tk("tokenize", "--ids", "--no-bos", model, "</s>").out()).startsWith("[2]");
        assertThat(tk("tokenize", "--ids", "--no-bos", "--no-parse-special", model, "</s>").out())
                .doesNotStartWith("[2]");
    }
}
