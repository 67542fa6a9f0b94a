package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.cli.CommandLineTest.Run;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.Modelfile;
import tk.modelfile.ModelfileParser;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The systems that tk was built for, small but faithful: each from its own kind of input by one
 * command.
 */
class SystemsTest {
    private static final String TRENDYOL =
            "Sen yardımcı bir asistansın ve sana verilen talimatlar doğrultusunda en iyi cevabı üretmeye çalışacaksın.\n";

    @TempDir Path folder;

    private Run tk(Object... arguments) {
        List<Object> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("-o", folder.resolve("out"), "--json"));
        Run run = CommandLineTest.tk(all.toArray());
        assertThat(run.exit()).as(run.err() + run.out()).isZero();
        assertThat(run.json().object("verification").flatMap(v -> v.bool("pass"))).contains(true);
        return run;
    }

    private Modelfile modelfile() {
        Path file = folder.resolve("out").resolve("Modelfile");
        assertThat(CommandLineTest.tk("modelfile", "--check", file).exit()).isZero();
        return ModelfileParser.read(file).require(file.toString());
    }

    /** The Turkish model of the first card, whose Modelfile says {@code FROM .}. */
    @Test
    void packagesTheTurkishModelAsAFolderThatOllamaConverts() throws IOException {
        Run run =
                tk(
                        "package",
                        CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"),
                        "--format",
                        "safetensors",
                        "--system",
                        "Türkçe yardımcı asistan.",
                        "--parameter",
                        "num_ctx=4096");
        Path out = folder.resolve("out");
        assertThat(run.json().object("folder").flatMap(f -> f.string("path")))
                .contains(out.toString());
        Modelfile modelfile = modelfile();
        assertThat(Files.readString(out.resolve("Modelfile"))).startsWith("FROM .\n");
        assertThat(modelfile.system()).contains("Türkçe yardımcı asistan.");
        assertThat(modelfile.parameter("num_ctx")).containsExactly("4096");
        assertThat(out.resolve("model.safetensors")).exists();
        assertThat(out.resolve("tokenizer.model")).exists();
        // 8000 pieces and the 256 bytes without which Ollama would abort; rope_theta where Ollama
        // looks.
        JsonObject config = Json.readObject(out.resolve("config.json"));
        assertThat(config.number("vocab_size").orElseThrow().asDouble()).isEqualTo(8256);
        assertThat(config.number("rope_theta").orElseThrow().asDouble()).isEqualTo(10000);
        assertThat(Json.readObject(out.resolve("report.json")).object("byteFallback")).isPresent();
    }

    @Test
    void refusesTypesAndInstallationsThatAFolderCannotHave() {
        Path pt = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");
        Path out = folder.resolve("out");
        Run quantized =
                CommandLineTest.tk(
                        "package", pt, "-o", out, "--format", "safetensors", "-t", "q5_K_M");
        assertThat(quantized.exit()).isEqualTo(2);
        assertThat(quantized.err()).contains("q5_K_M");
        assertThat(
                        CommandLineTest.tk(
                                        "package",
                                        pt,
                                        "-o",
                                        out,
                                        "--format",
                                        "safetensors",
                                        "--install=x")
                                .exit())
                .isEqualTo(2);
        assertThat(out).doesNotExist();
    }

    @Test
    void plansAFolderAsItWillBeAndWritesNothing() {
        Path pt = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");
        Path out = folder.resolve("out");
        Run run =
                CommandLineTest.tk(
                        "package", pt, "-o", out, "--format", "safetensors", "--dry-run", "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        // A head of its own, and 256 rows more in it and in the embedding.
        List<JsonValue> tensors = run.json().array("tensors").orElseThrow().items();
        assertThat(tensors)
                .hasSize(57)
                .anySatisfy(
                        tensor ->
                                assertThat(JsonText.COMPACT.write(tensor))
                                        .contains("\"lm_head.weight\"", "[8256,256]"));
        Run told =
                CommandLineTest.tk(
                        "package", pt, "-o", out, "--format", "safetensors", "--dry-run");
        assertThat(told.err())
                .contains("256 byte tokens are added", "prompt template: no chat template");
        assertThat(out).doesNotExist();
    }

    @Test
    void warnsOnceOfAVocabularyThatStaysWithoutBytePieces() {
        Path pt = CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt");
        Run run =
                CommandLineTest.tk(
                        "package",
                        pt,
                        "-o",
                        folder.resolve("out"),
                        "--format",
                        "safetensors",
                        "--byte-fallback",
                        "none");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.err().split("byte pieces", -1)).hasSize(2);
    }

    /** Meta's shards, chat format of Llama 2. */
    @Test
    void packagesMetasShardsAsALlama2Chat() throws IOException {
        Path shards = Shared.path("fixtures/meta/llama2_mha/mp2");
        Path template =
                Files.writeString(
                        folder.resolve("llama2.gotmpl"),
                        "[INST] {{ if .System }}<<SYS>>\n{{ .System }}\n<</SYS>>\n\n{{ end }}{{ .Prompt }} [/INST] {{ .Response }}");
        tk(
                "package",
                shards,
                "--template",
                template,
                "--parameter",
                "stop=[INST]",
                "--parameter",
                "stop=[/INST]",
                "-t",
                "q8_0");
        Modelfile modelfile = modelfile();
        assertThat(modelfile.template().orElseThrow()).contains("<<SYS>>\n");
        assertThat(modelfile.parameter("stop")).containsExactly("[INST]", "[/INST]");
    }

    /** A LoRA chat model, its adapter merged on the way, with its Turkish system message. */
    @Test
    void packagesALoraWithItsTurkishSystemMessageAsInt8() {
        Path base = Shared.path("fixtures/lora/base_untied");
        Path adapter = Shared.path("fixtures/lora/adapters/trendyol_r64_a128");
        Run run =
                tk(
                        "package",
                        base,
                        "--adapter",
                        adapter,
                        "--system",
                        TRENDYOL,
                        "--parameter",
                        "temperature=0.3",
                        "-t",
                        "int8");
        assertThat(run.json().object("lora")).isPresent();
        assertThat(modelfile().system()).contains(TRENDYOL);
        assertThat(modelfile().parameter("temperature")).containsExactly("0.3");
    }

    /** Llama 3: byte-level BPE, grouped queries, an untied head. */
    @Test
    void packagesALlama3WithItsOwnTokenizer() throws IOException {
        Path hf = Shared.path("fixtures/llama3/base/hf");
        Path template =
                Files.writeString(
                        folder.resolve("llama3.gotmpl"),
                        "{{ range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n");
        Run run =
                tk(
                        "package",
                        hf,
                        "--template",
                        template,
                        "--parameter",
                        "stop=<|eot_id|>",
                        "-t",
                        "bf16");
        Path gguf = Path.of(run.json().object("gguf").flatMap(g -> g.string("path")).orElseThrow());
        assertThat(gguf.toString()).endsWith("-bf16.gguf");
        assertThat(modelfile().parameter("stop")).contains("<|eot_id|>");
    }
}
