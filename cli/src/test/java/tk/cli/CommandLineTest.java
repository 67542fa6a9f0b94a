package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.json.Json;
import tk.json.JsonValue.JsonObject;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Commands from argument to exit code, in this process, on the example model and on what people do
 * to it.
 */
class CommandLineTest {
    static final Path EXAMPLE =
            Path.of(System.getProperty("tk.examples", "../examples"), "turkish-mini");
    private static final Path PT = EXAMPLE.resolve("turkish_llm_mini.pt");

    @TempDir Path folder;

    /** What a command did. */
    record Run(int exit, String out, String err) {
        JsonObject json() {
            return (JsonObject) Json.parse(out.getBytes(StandardCharsets.UTF_8), "stdout");
        }
    }

    static Run tk(Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit =
                Tk.run(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        Map.of(),
                        false,
                        Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
        return new Run(
                exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private List<String> left() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void saysWhichArgumentIsWrong() {
        Run empty = tk("inspect", "");
        assertThat(empty.exit()).isEqualTo(2);
        assertThat(empty.err()).contains("an empty path is no model");
        Run route = tk("convert", "pt2onnx", PT, folder.resolve("x"));
        assertThat(route.exit()).isEqualTo(2);
        assertThat(route.err()).contains("`pt2onnx` is no route").contains("such as pt2gguf");
        assertThat(Route.parse("PT2GGUF")).isEqualTo(Route.parse("pt2gguf")).isPresent();
    }

    @Test
    void aNameFromAFileCannotWriteToTheTerminal() {
        assertThat(Console.printable("a\u001b[31m\u009b\rb\r\n\tğ\u007f"))
                .isEqualTo("a\\u001b[31m\\u009b\\u000db\r\n\tğ\\u007f");
    }

    @Test
    void packagesTheExampleAndOnlyThenWritesAModelfile() throws IOException {
        Path dir = folder.resolve("tr-mini");
        Run run =
                tk(
                        "package",
                        PT,
                        "-o",
                        dir,
                        "--system",
                        "Türkçe yardımcı asistan.",
                        "--parameter",
                        "num_ctx=4096",
                        "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        JsonObject json = run.json();
        JsonObject verification = json.object("verification").orElseThrow();
        assertThat(verification.bool("pass")).contains(true);
        Path gguf = Path.of(json.object("gguf").orElseThrow().string("path").orElseThrow());
        assertThat(gguf).exists();
        assertThat(tk.checkpoint.Sha256.of(gguf))
                .isEqualTo(json.object("gguf").orElseThrow().string("sha256").orElseThrow());
        assertThat(verification.object("candidate").orElseThrow().string("path"))
                .contains(gguf.toString());
        assertThat(Files.readString(dir.resolve("Modelfile")))
                .contains("FROM ./turkish_llm_mini-q4_K_M.gguf\n")
                .contains("SYSTEM \"\"\"Türkçe yardımcı asistan.\"\"\"\n")
                .contains("PARAMETER num_ctx 4096\n");
        JsonObject report = Json.readObject(dir.resolve("report.json"));
        assertThat(report.bool("pass")).contains(true);
        JsonObject bytes = report.object("byteFallback").orElseThrow();
        assertThat(bytes.number("addedNatsPerToken").orElseThrow().asDouble()).isLessThan(1e-3);
        assertThat(Files.readString(dir.resolve("report.html")))
                .contains("PASS")
                .doesNotContain(".part");
        assertThat(left()).containsExactly("tr-mini");
    }

    @Test
    void refusesToPackageAnythingButTheReference() throws IOException {
        Path other = folder.resolve("other.gguf");
        assertThat(tk("convert", PT, other, "--dtype", "f32").exit()).isZero();
        // One row of one matrix: the last bytes of the file are those of a weight.
        try (RandomAccessFile file = new RandomAccessFile(other.toFile(), "rw")) {
            file.seek(file.length() - 4096);
            file.write(new byte[1024]);
        }
        Path dir = folder.resolve("out");
        Run run =
                tk(
                        "package",
                        other,
                        "--reference",
                        PT,
                        "-o",
                        dir,
                        "-t",
                        "f32",
                        "--byte-fallback",
                        "none");
        assertThat(run.exit()).as(run.err()).isEqualTo(6);
        assertThat(dir.resolve("Modelfile")).doesNotExist();
        assertThat(dir.resolve("report.json")).exists();
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.filter(f -> f.toString().endsWith(".gguf"))).isEmpty();
        }
        assertThat(tk("verify", PT, other).exit()).isEqualTo(6);
    }

    @Test
    void verifiesWhatConvertWrote() {
        Path gguf = folder.resolve("m.gguf");
        assertThat(tk("convert", "pt->gguf", PT, gguf).exit()).isZero();
        Run run = tk("verify", PT, gguf, "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.json().bool("pass")).contains(true);
        Run inspected = tk("inspect", gguf, "--json", "--hash");
        assertThat(inspected.json().string("format")).contains("GGUF");
        assertThat(inspected.json().array("tensors").orElseThrow().items()).hasSize(56);
    }

    /** Even with --force: the input may be the only copy. */
    @Test
    void writesOverNoInput() throws IOException {
        Path input = Files.createDirectories(folder.resolve("in")).resolve("model.pt");
        Files.copy(PT, input);
        byte[] before = Files.readAllBytes(input);
        Path text = Files.writeString(folder.resolve("text.txt"), "metin");
        for (Run run :
                List.of(
                        tk("quantize", input, input, "q4_0", "--force"),
                        tk("convert", input, input, "--force"),
                        tk("convert", input, input.getParent(), "--to", "hf", "--force"),
                        tk("imatrix", input, text, "-o", text, "--force"),
                        tk("merge-lora", input, folder, input, "--force"),
                        tk("merge-lora", input, input.getParent(), input.getParent(), "--force"),
                        tk("package", input, "-o", input.getParent(), "--force", "--dry-run"),
                        tk("package", input, "-o", input.getParent(), "--force"))) {
            assertThat(run.exit()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains("would replace the input");
        }
        assertThat(input).hasBinaryContent(before);
        assertThat(text).hasContent("metin");
    }

    @Test
    void writesNothingOnADryRun() throws IOException {
        Run run = tk("package", PT, "-o", folder.resolve("x"), "--dry-run");
        assertThat(run.exit()).as(run.err()).isZero();
        assertThat(run.out()).contains("token_embd.weight").contains("Nothing was written");
        assertThat(left()).isEmpty();
    }

    @Test
    void saysWhatIsMissingWithoutAConfig() throws IOException {
        Path pt = Files.copy(PT, folder.resolve("lonely.pt"));
        Files.copy(EXAMPLE.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        Run run = tk("package", pt, "-o", folder.resolve("out"));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err())
                .contains("hidden_size 256")
                .contains("num_hidden_layers 6")
                .contains("num_attention_heads");
        assertThat(left()).containsExactly("lonely.pt", "tokenizer.model");
    }

    @Test
    void saysBothNumbersWhereConfigAndShapesDisagree() throws IOException {
        Path pt = Files.copy(PT, folder.resolve("m.pt"));
        Files.copy(EXAMPLE.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        String config = Files.readString(EXAMPLE.resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                config.replace("\"intermediate_size\": 768", "\"intermediate_size\": 512"));
        Run run = tk("package", pt, "-o", folder.resolve("out"));
        assertThat(run.exit()).isEqualTo(3);
        assertThat(run.err()).contains("768").contains("512");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void saysHowManyLayersTheTensorsAreOf() throws IOException {
        Path pt = Files.copy(PT, folder.resolve("m.pt"));
        Files.copy(EXAMPLE.resolve("tokenizer.model"), folder.resolve("tokenizer.model"));
        String config = Files.readString(EXAMPLE.resolve("config.json"));
        Files.writeString(
                folder.resolve("config.json"),
                config.replace("\"num_hidden_layers\": 6", "\"num_hidden_layers\": 5"));
        Run run = tk("package", pt, "-o", folder.resolve("out"));
        assertThat(run.exit()).isEqualTo(3);
        assertThat(run.err()).contains("6 layers").contains("num_hidden_layers 5");
    }

    @Test
    void givesEachKindOfBadInputItsExitCode() throws IOException {
        Path text = Files.writeString(folder.resolve("text.pt"), "hello, this is not a model\n");
        assertThat(tk("inspect", text).exit()).isEqualTo(3);
        byte[] whole = Files.readAllBytes(PT);
        Path cut = Files.write(folder.resolve("cut.pt"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(tk("inspect", cut).exit()).isEqualTo(3);
        assertThat(tk("inspect", folder.resolve("nowhere.pt")).exit()).isEqualTo(7);
        assertThat(tk("quantize", PT, folder.resolve("o.gguf"), "q9_Z").exit()).isEqualTo(2);
        assertThat(tk("frobnicate").exit()).isEqualTo(2);
        assertThat(tk().exit()).isEqualTo(2);
        Path existing = Files.writeString(folder.resolve("there.gguf"), "mine");
        assertThat(tk("convert", PT, existing).exit()).isEqualTo(2);
        assertThat(existing).hasContent("mine");
    }

    @Test
    void printsErrorsAsJsonToo() {
        Run run = tk("inspect", folder.resolve("nowhere.pt"), "--json");
        JsonObject error = run.json().object("error").orElseThrow();
        assertThat(error.number("exit").orElseThrow().asLong()).contains(7L);
        assertThat(error.string("kind")).contains("io");
        assertThat(run.json().string("tkVersion")).contains("0.1.0");
    }

    @Test
    void explainsAnArrowThatTheShellCutOff() {
        Run run = tk("convert", "pt-", PT, folder.resolve("x.gguf"));
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("redirection").contains("pt2hf");
    }

    @Test
    void refusesAModelfileItCouldNotWriteBeforeItComputesAnything() throws IOException {
        Run run = tk("package", PT, "-o", folder.resolve("out"), "--system", "aile \u200d");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("U+200D");
        for (String parameter : List.of("num_ctx=4k", "stop=")) {
            assertThat(
                            tk("package", PT, "-o", folder.resolve("out"), "--parameter", parameter)
                                    .exit())
                    .isEqualTo(2);
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void saysItsVersionAsTheBuildDoes() throws IOException {
        assertThat(Files.readString(Path.of("..", "pom.xml")))
                .contains("<version>" + Version.TK + "</version>");
        Run run = tk("--version");
        assertThat(run.exit()).isZero();
        assertThat(run.out()).contains("tk " + Version.TK).contains("JDK 25").contains("kernels");
    }

    @Test
    void helpsWithEveryCommand() {
        for (String command : List.of("package", "convert", "quantize", "verify", "inspect")) {
            assertThat(tk("help", command).out()).contains("Usage: tk " + command);
            assertThat(tk(command, "--help").exit()).isZero();
        }
    }
}
