package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.cli.CommandLineTest.Run;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.Modelfile;
import tk.modelfile.ModelfileParser;
import tk.modelfile.PromptTemplate;
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

    /** The same as one file, of the types that {@code ollama create} makes and refuses. */
    @ParameterizedTest
    @ValueSource(strings = {"q4_K_M", "q5_K_M"})
    void packagesTheTurkishModelAsAQuantizedFile(String type) {
        Run run =
                tk(
                        "package",
                        CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"),
                        "-t",
                        type,
                        "--system",
                        "Türkçe yardımcı asistan.",
                        "--parameter",
                        "num_ctx=4096");
        assertThat(gguf(run).toString()).endsWith("-" + type + ".gguf");
        assertThat(modelfile().system()).contains("Türkçe yardımcı asistan.");
        assertThat(modelfile().parameter("num_ctx")).containsExactly("4096");
    }

    private static Path gguf(Run run) {
        return Path.of(run.json().object("gguf").flatMap(g -> g.string("path")).orElseThrow());
    }

    private static GgufMetadata metadata(Run run) {
        try (GgufFile file = new GgufReader().open(gguf(run))) {
            return file.gguf();
        }
    }

    /** Meta's shards; no file says how Llama 2 Chat is prompted, so it is said. */
    @Test
    void packagesMetasShardsAsALlama2Chat() throws IOException {
        packagesALlama2Chat(SmallModels.metaRelease(folder.resolve("llama-2-7b-chat")));
    }

    @Test
    void packagesMetasShardsThatOthersWrote() {
        packagesALlama2Chat(Shared.path("fixtures/meta/llama2_mha/mp2"));
    }

    private void packagesALlama2Chat(Path shards) {
        Run run = tk("package", shards, "--template", "llama2-chat", "-t", "q8_0");
        assertThat(metadata(run).string("general.architecture")).contains("llama");
        Modelfile modelfile = modelfile();
        assertThat(modelfile.template())
                .contains(PromptTemplate.named("llama2-chat").text())
                .hasValueSatisfying(t -> assertThat(t).contains("<<SYS>>"));
        assertThat(modelfile.parameter("stop")).contains("[INST]", "[/INST]", "</s>");
        assertThat(modelfile.system()).isEqualTo(PromptTemplate.named("llama2-chat").system("en"));
    }

    /**
     * A LoRA chat model, merged on the way: rank 64, whole embeddings and head for more pieces than
     * its base has, its chat template beside it.
     */
    @Test
    void packagesALoraWithMorePiecesAndItsOwnChatTemplateAsInt8() throws IOException {
        Path base = SmallModels.llama2(folder.resolve("llama-2-7b-hf"));
        Path adapter =
                SmallModels.chatAdapter(
                        folder.resolve("chat-lora"),
                        20,
                        PromptTemplate.named("llama2-chat").chatTemplate());
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
        assertThat(metadata(run).strings("tokenizer.ggml.tokens").orElseThrow())
                .hasSize(SmallTokenizers.words(20));
        Modelfile modelfile = modelfile();
        assertThat(modelfile.template()).contains(PromptTemplate.named("llama2-chat").text());
        assertThat(modelfile.system()).contains(TRENDYOL);
        assertThat(modelfile.parameter("temperature")).containsExactly("0.3");
        assertThat(modelfile.parameter("stop")).contains("[INST]", "</s>");
    }

    @Test
    void packagesALoraThatOthersWrote() {
        Run run =
                tk(
                        "package",
                        Shared.path("fixtures/lora/base_untied"),
                        "--adapter",
                        Shared.path("fixtures/lora/adapters/trendyol_r64_a128"),
                        "--system",
                        TRENDYOL,
                        "-t",
                        "int8");
        assertThat(run.json().object("lora")).isPresent();
        assertThat(modelfile().system()).contains(TRENDYOL);
    }

    /** Llama 3 Instruct: byte-level BPE, grouped queries, several tokens that end an answer. */
    @ParameterizedTest
    @ValueSource(strings = {"bf16", "q4_K_M"})
    void packagesALlama3ByItsOwnChatTemplate(String type) throws IOException {
        String chatTemplate = PromptTemplate.named("llama3").chatTemplate();
        Path model = SmallModels.llama3(folder.resolve("llama-3-8b-instruct"), chatTemplate);
        Run run = tk("package", model, "-t", type);
        assertThat(gguf(run).toString()).endsWith("-" + type + ".gguf");
        GgufMetadata metadata = metadata(run);
        assertThat(metadata.string("tokenizer.chat_template")).contains(chatTemplate);
        assertThat(metadata.integer("tokenizer.ggml.eos_token_id"))
                .hasValue(SmallTokenizers.special("<|end_of_text|>"));
        assertThat(metadata.integer("tokenizer.ggml.eot_token_id"))
                .hasValue(SmallTokenizers.special("<|eot_id|>"));
        assertThat(metadata.integer("tokenizer.ggml.eom_token_id"))
                .hasValue(SmallTokenizers.special("<|eom_id|>"));
        Modelfile modelfile = modelfile();
        assertThat(modelfile.template()).contains(PromptTemplate.named("llama3").text());
        assertThat(modelfile.parameter("temperature")).containsExactly("0.6");
        assertThat(modelfile.parameter("stop"))
                .contains("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>", "<|start_header_id|>");
    }

    @Test
    void packagesALlama3ThatOthersWrote() {
        Run run = tk("package", Shared.path("fixtures/llama3/base/hf"), "-t", "bf16");
        assertThat(gguf(run).toString()).endsWith("-bf16.gguf");
        assertThat(modelfile().template()).contains(PromptTemplate.named("llama3").text());
    }
}
