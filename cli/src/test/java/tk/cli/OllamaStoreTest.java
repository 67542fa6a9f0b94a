package tk.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.Sha256;
import tk.cli.CommandLineTest.Run;
import tk.json.JsonValue.JsonObject;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The Turkish model installed into an empty store, and what an audit finds of damage done to it.
 */
class OllamaStoreTest {
    private static final String SYSTEM = "Türkçe yardımcı asistan. 👨\u200d👩\u200d👧";

    @TempDir static Path shared;
    @TempDir Path folder;
    private static Path installed;
    private static Path gguf;
    private static JsonObject result;

    /** Runs a command line for which {@code store} is Ollama's. */
    static Run tk(Path store, Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int exit =
                Tk.run(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        Map.of("OLLAMA_MODELS", store.toString()),
                        false,
                        Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
        return new Run(
                exit, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @BeforeAll
    static void installIntoAnEmptyStore() {
        installed = shared.resolve("models");
        Run run =
                tk(
                        installed,
                        "package",
                        "--install",
                        CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"),
                        "-o",
                        shared.resolve("package"),
                        "--name",
                        "Türkçe Mini",
                        "--system",
                        SYSTEM,
                        "--parameter",
                        "num_ctx=4096",
                        "--parameter",
                        "stop=</s>",
                        "--json");
        assertThat(run.exit()).as(run.err()).isZero();
        result = run.json();
        gguf = Path.of(result.object("gguf").orElseThrow().string("path").orElseThrow());
    }

    private static Path manifest(Path store) {
        return store.resolve("manifests/registry.ollama.ai/library/turkce-mini/latest");
    }

    private Path copy() throws IOException {
        Path target = folder.resolve("models");
        Files.walkFileTree(
                installed,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Path to = target.resolve(installed.relativize(file).toString());
                        Files.createDirectories(to.getParent());
                        Files.copy(file, to);
                        Files.setPosixFilePermissions(
                                to, PosixFilePermissions.fromString("rw-r--r--"));
                        return FileVisitResult.CONTINUE;
                    }
                });
        return target;
    }

    private static Path blob(Path store, String ending) throws IOException {
        String text = Files.readString(manifest(store));
        int at = text.indexOf(ending + "\"");
        int digest = text.indexOf("sha256:", at);
        return store.resolve("blobs/sha256-" + text.substring(digest + 7, digest + 71));
    }

    @Test
    void laysTheStoreOutAsOllamaDoes() throws IOException {
        assertThat(manifest(installed)).exists();
        List<String> names;
        try (Stream<Path> blobs = Files.list(installed.resolve("blobs"))) {
            names = blobs.map(b -> b.getFileName().toString()).toList();
        }
        assertThat(names).hasSize(5).allMatch(name -> name.matches("sha256-[0-9a-f]{64}"));
        for (String name : names) {
            assertThat(Sha256.of(installed.resolve("blobs").resolve(name)))
                    .isEqualTo(name.substring(7));
        }
        assertThat(blob(installed, "image.system")).hasContent(SYSTEM);
        assertThat(blob(installed, "image.params"))
                .hasBinaryContent(
                        "{\"num_ctx\":4096,\"repeat_penalty\":1.1,\"stop\":[\"\\u003c/s\\u003e\"],\"temperature\":0.8}\n"
                                .getBytes(StandardCharsets.UTF_8));
        assertThat(blob(installed, "image.v1+json"))
                .hasBinaryContent(
                        "{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_families\":[\"llama\"],\"model_type\":\"9.34M\",\"file_type\":\"Q4_K_M\",\"architecture\":\"amd64\",\"os\":\"linux\"}\n"
                                .getBytes(StandardCharsets.UTF_8));
        assertThat(Files.readString(manifest(installed)))
                .startsWith(
                        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\",\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":\"sha256:")
                .contains("\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\"")
                .endsWith("}]}\n");
    }

    @Test
    void servesTheVerifiedBytesWithoutASecondCopy() throws IOException {
        Path model = blob(installed, "image.model");
        assertThat(Sha256.of(model))
                .isEqualTo(
                        result.object("verification")
                                .flatMap(v -> v.object("candidate"))
                                .flatMap(c -> c.string("sha256"))
                                .orElseThrow());
        assertThat(Files.getAttribute(model, "unix:ino"))
                .isEqualTo(Files.getAttribute(gguf, "unix:ino"));
        assertThat(Files.getPosixFilePermissions(model))
                .isEqualTo(PosixFilePermissions.fromString("r--r--r--"));
        assertThat(Files.getPosixFilePermissions(manifest(installed)))
                .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
    }

    @Test
    void keepsInTheStoreWhatAModelfileLoses() throws IOException {
        assertThat(Files.readString(gguf.resolveSibling("Modelfile")))
                .contains("SYSTEM \"\"\"Türkçe yardımcı asistan. 👨👩👧\"\"\"")
                .contains("U+200D");
    }

    @Test
    void listsWhatIsThere() {
        Run run = tk(installed, "ollama", "list", "--json");
        assertThat(run.exit()).isZero();
        JsonObject model = (JsonObject) run.json().array("models").orElseThrow().items().getFirst();
        assertThat(model.string("name")).contains("turkce-mini:latest");
        assertThat(model.string("id")).contains(Sha256.of(manifest(installed)).substring(0, 12));
        assertThat(model.string("type")).contains("Q4_K_M");
        assertThat(tk(installed, "ollama", "list").out()).contains("turkce-mini:latest");
        assertThat(tk(folder.resolve("none"), "ollama", "list").exit()).isZero();
    }

    @Test
    void findsAWholeStoreWhole() {
        Run run = tk(installed, "ollama", "audit", "--json");
        assertThat(run.exit()).as(run.out()).isZero();
        assertThat(run.json().bool("pass")).contains(true);
        assertThat(run.json().array("unused").orElseThrow().items()).isEmpty();
        assertThat(tk(folder, "ollama", "audit", installed).exit()).isZero();
        assertThat(tk(folder.resolve("none"), "ollama", "audit").exit()).isEqualTo(7);
    }

    private void auditFinds(Path store, String part) {
        Run run = tk(store, "ollama", "audit");
        assertThat(run.exit()).as(run.out()).isEqualTo(3);
        assertThat(run.out()).contains("DAMAGED").contains("turkce-mini").contains(part);
        Run json = tk(store, "ollama", "audit", "--json");
        assertThat(json.exit()).isEqualTo(3);
        assertThat(json.json().bool("pass")).contains(false);
    }

    @Test
    void findsAFlippedBit() throws IOException {
        Path store = copy();
        try (RandomAccessFile file =
                new RandomAccessFile(blob(store, "image.model").toFile(), "rw")) {
            file.seek(file.length() - 1000);
            int b = file.read();
            file.seek(file.length() - 1000);
            file.write(b ^ 1);
        }
        auditFinds(store, "do not hash to its name");
    }

    @Test
    void findsAMissingBlob() throws IOException {
        Path store = copy();
        Files.delete(blob(store, "image.template"));
        auditFinds(store, "missing");
    }

    @Test
    void findsATruncatedBlob() throws IOException {
        Path store = copy();
        Path model = blob(store, "image.model");
        try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
            file.setLength(file.length() / 2);
        }
        auditFinds(store, "expected 6,692,704");
    }

    @Test
    void findsATruncatedManifest() throws IOException {
        Path store = copy();
        String text = Files.readString(manifest(store));
        Files.writeString(manifest(store), text.substring(0, text.length() / 2));
        auditFinds(store, "not valid JSON");
    }

    @Test
    void findsABlobThatIsNoModelThoughItHashesRight() throws IOException {
        Path store = copy();
        Path model = blob(store, "image.model");
        byte[] cut = Arrays.copyOf(Files.readAllBytes(model), 1_000_000);
        String before = model.getFileName().toString().substring(7);
        String text = Files.readString(manifest(store));
        Files.writeString(
                manifest(store),
                text.replace(before, Sha256.of(cut))
                        .replace("\"size\":6692704", "\"size\":1000000"));
        Files.write(store.resolve("blobs/sha256-" + Sha256.of(cut)), cut);
        auditFinds(store, "sha256-" + Sha256.of(cut));
    }

    @Test
    void tellsOfBlobsThatBelongToNoModel() throws IOException {
        Path store = copy();
        byte[] bytes = {1, 2, 3};
        Files.write(store.resolve("blobs/sha256-" + Sha256.of(bytes)), bytes);
        Run run = tk(store, "ollama", "audit", "--json");
        assertThat(run.exit()).isZero();
        assertThat(run.json().array("unused").orElseThrow().items()).hasSize(1);
    }

    @Test
    void refusesATakenNameInAnyCaseBeforeItComputesAnything() throws IOException {
        Path store = copy();
        Run run =
                tk(
                        store,
                        "package",
                        CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"),
                        "-o",
                        folder.resolve("again"),
                        "--install=TURKCE-MINI");
        assertThat(run.exit()).isEqualTo(2);
        assertThat(run.err()).contains("turkce-mini").contains("--force");
        assertThat(folder.resolve("again")).doesNotExist();
        Run invalid =
                tk(
                        store,
                        "package",
                        CommandLineTest.EXAMPLE.resolve("turkish_llm_mini.pt"),
                        "-o",
                        folder.resolve("again"),
                        "--install",
                        "türkçe model");
        assertThat(invalid.exit()).isEqualTo(2);
        assertThat(invalid.err()).contains("turkce-model");
    }

    @Test
    void explainsTheModelfileOfThePackage() {
        Run run = tk(installed, "modelfile", "--check", gguf.resolveSibling("Modelfile"), "--json");
        assertThat(run.exit()).as(run.out()).isZero();
        assertThat(run.json().bool("accepted")).contains(true);
    }

    @Test
    void completesInThreeShells() {
        for (String shell : List.of("bash", "zsh", "fish")) {
            Run run = tk(installed, "completion", shell);
            assertThat(run.exit()).isZero();
            assertThat(run.out()).contains("package").contains("install").contains("audit");
        }
        assertThat(tk(installed, "completion", "csh").exit()).isEqualTo(2);
    }
}
