package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import static tk.cli.CommandLineTest.EXAMPLE;
import static tk.cli.CommandLineTest.tk;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A {@code checklist.chk} in a model's folder is held against its files before they are used. */
class ChecklistTest {
    @TempDir Path folder;
    private Path model;
    private Path target;

    @BeforeEach
    void anHfFolder() {
        model = folder.resolve("model");
        target = folder.resolve("made");
        assertThat(tk("convert", EXAMPLE.resolve("turkish_llm_mini.pt"), model).exit()).isZero();
    }

    @Test
    void everyCommandThatReadsWeightsNamesTheFileThatFails() throws IOException {
        list("0".repeat(32));
        for (CommandLineTest.Run run :
                new CommandLineTest.Run[] {
                    tk("inspect", model),
                    tk("convert", "--to", "gguf", model, target),
                    tk("quantize", model, target),
                    tk("merge-lora", model, EXAMPLE.resolve("lora"), target),
                    tk("package", model, "-o", target)
                }) {
            assertThat(run.exit()).isEqualTo(3);
            assertThat(run.err()).contains("model.safetensors has MD5");
            assertThat(target).doesNotExist();
        }
    }

    @Test
    void aFileThatTheListNamesIsComparedToo() throws IOException {
        list("0".repeat(32));
        Path file = model.resolve("model.safetensors");
        assertThat(tk("inspect", file).exit()).isEqualTo(3);
        assertThat(tk("inspect", Files.copy(file, model.resolve("other"))).exit()).isZero();
    }

    @Test
    void aListThatIsRightIsNoHindrance() throws Exception {
        list(md5(model.resolve("model.safetensors")));
        assertThat(tk("inspect", model).exit()).isZero();
        assertThat(tk("convert", "--to", "gguf", model, target).exit()).isZero();
    }

    @Test
    void aPlanReadsNoWeightsAndChecksNone() throws IOException {
        list("0".repeat(32));
        assertThat(tk("quantize", "--dry-run", model, target).exit()).isZero();
    }

    private void list(String md5) throws IOException {
        Files.writeString(model.resolve("checklist.chk"), md5 + "  model.safetensors\n");
    }

    private static String md5(Path file) throws IOException, NoSuchAlgorithmException {
        byte[] hash = MessageDigest.getInstance("MD5").digest(Files.readAllBytes(file));
        return HexFormat.of().formatHex(hash);
    }
}
