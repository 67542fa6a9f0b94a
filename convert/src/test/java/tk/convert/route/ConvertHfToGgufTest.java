package tk.convert.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.convert.gguf.GgufConversion;
import tk.convert.gguf.OutType;
import tk.gguf.GgufWriter;
import tk.model.ModelSource;
import tk.testing.Originals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Whole files compared with convert_hf_to_gguf's, on models made with transformers. */
@Tag("interop")
class ConvertHfToGgufTest {
    @TempDir static Path folder;

    @BeforeAll
    static void makeModels() throws IOException, InterruptedException {
        Originals.converter();
        Path script = folder.resolve("make_models.py");
        try (InputStream in =
                Objects.requireNonNull(
                        ConvertHfToGgufTest.class.getResourceAsStream(
                                "/tk/convert/gguf/make_models.py"))) {
            Files.copy(in, script);
        }
        Originals.run(Originals.python(), script, folder.resolve("models"));
    }

    @ParameterizedTest
    @CsvSource({
        "gqa-wide-heads, f32",
        "gqa-wide-heads, bf16",
        "Tied-7B-chat-v1.5, f16",
        "biases, bf16",
        "biases, f32",
        "llama3-rope, f16",
        "linear-old-spelling, f32",
        "yarn, bf16",
        "dynamic, f16",
        "sharded, f32",
        "mistral, f16",
        "qwen2, bf16",
        "qwen2, f32",
        "qwen3, f16",
        "mistral-heads, bf16",
        "qwen3-tied, f32",
        "odd-columns, f16",
        "llama3-old-spelling, bf16",
        "card, f32",
        "added-tokens, f32",
        "torch-bin, f16"
    })
    void theFileIsTheSame(String name, String type) throws IOException, InterruptedException {
        Path model = folder.resolve("models").resolve(name);
        Path original = folder.resolve(name + "-" + type + "-original.gguf");
        Path own = folder.resolve(name + "-" + type + ".gguf");
        Originals.run(Originals.converter(), model, "--outfile", original, "--outtype", type);
        ConvertOptions options = ConvertOptions.DEFAULT.withType(OutType.named(type).orElseThrow());
        try (ModelSource source = ModelSource.open(model, ModelSource.Options.NONE)) {
            GgufConversion conversion = ToGguf.of(source, options);
            new PlanWriter(2, Progress.NONE)
                    .write(
                            GgufWriter.plan(conversion.metadata(), conversion.weights(), own),
                            false);
        }
        assertThat(Files.mismatch(own, original)).isEqualTo(-1);
    }
}
