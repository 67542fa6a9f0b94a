package tk.modelfile.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.error.VerificationException;
import tk.json.JsonValue;
import tk.modelfile.ModelfileParser;
import tk.modelfile.store.Manifest.Layer;
import tk.modelfile.store.ModelfileLayers.Payload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What Ollama writes into its store, byte for byte. */
class StoreFormatTest {
    @TempDir Path folder;

    private static String json(Object value) {
        return new String(GoJson.bytes(JsonValue.of(value)), StandardCharsets.UTF_8);
    }

    @Test
    void escapesAsGoDoes() {
        assertThat(
                        json(
                                List.of(
                                        "<|im_end|>",
                                        "a&b",
                                        "\u2028\u2029",
                                        "\"\\/",
                                        "\b\f\n\r\t\u0001\u007f")))
                .isEqualTo(
                        "[\"\\u003c|im_end|\\u003e\",\"a\\u0026b\",\"\\u2028\\u2029\",\"\\\"\\\\/\",\"\\b\\f\\n\\r\\t\\u0001\u007f\"]\n");
        assertThat(json(List.of("İı ğş 👨\u200d👩", "\ud800")))
                .isEqualTo("[\"İı ğş 👨\u200d👩\",\"\\ufffd\"]\n");
        assertThat(json(Map.of())).isEqualTo("{}\n");
        assertThat(json(List.of())).isEqualTo("[]\n");
    }

    @Test
    void countsParametersAsOllamaPrintsThem() {
        assertThat(ImageConfig.humanNumber(999)).isEqualTo("999");
        assertThat(ImageConfig.humanNumber(7_400)).isEqualTo("7K");
        assertThat(ImageConfig.humanNumber(134_105_856)).isEqualTo("134.11M");
        assertThat(ImageConfig.humanNumber(134_000_000)).isEqualTo("134M");
        assertThat(ImageConfig.humanNumber(6_738_415_616L)).isEqualTo("6.7B");
        assertThat(ImageConfig.humanNumber(8_000_000_000L)).isEqualTo("8B");
        assertThat(ImageConfig.humanNumber(8_030_261_248L)).isEqualTo("8.0B");
    }

    @Test
    void namesTheFileTypesThatOllamaKnows() {
        assertThat(ImageConfig.fileType(15)).isEqualTo("Q4_K_M");
        assertThat(ImageConfig.fileType(17)).isEqualTo("Q5_K_M");
        assertThat(ImageConfig.fileType(7)).isEqualTo("Q8_0");
        assertThat(ImageConfig.fileType(32)).isEqualTo("BF16");
        assertThat(ImageConfig.fileType(25)).isEqualTo("unknown");
        assertThat(ImageConfig.fileType(Long.MAX_VALUE)).isEqualTo("unknown");
    }

    @Test
    void makesTheLayersOfAModelfileInOllamasOrder() {
        List<Payload> layers =
                ModelfileLayers.of(
                        ModelfileParser.parse(
                                """
                                FROM ./m.gguf
                                PARAMETER stop "<|eot_id|>"
                                PARAMETER temperature 0.70
                                PARAMETER temperature 0.6
                                PARAMETER stop </s>
                                PARAMETER num_ctx 4096
                                PARAMETER use_mmap true
                                MESSAGE user Merhaba
                                MESSAGE assistant "Size nasıl yardımcı olabilirim?"
                                LICENSE MIT
                                LICENSE Apache
                                SYSTEM eski
                                SYSTEM Türkçe yardımcı asistan.
                                TEMPLATE {{ .Prompt }}
                                """,
                                "Modelfile"));
        assertThat(layers.stream().map(Payload::mediaType).map(t -> t.replaceAll(".*\\.", "")))
                .containsExactly("template", "system", "license", "license", "params", "messages");
        assertThat(layers.stream().map(l -> new String(l.bytes(), StandardCharsets.UTF_8)))
                .containsExactly(
                        "{{ .Prompt }}",
                        "Türkçe yardımcı asistan.",
                        "MIT",
                        "Apache",
                        "{\"num_ctx\":4096,\"stop\":[\"\\u003c|eot_id|\\u003e\",\"\\u003c/s\\u003e\"],\"temperature\":0.6,\"use_mmap\":true}\n",
                        "[{\"role\":\"user\",\"content\":\"Merhaba\"},{\"role\":\"assistant\",\"content\":\"Size nasıl yardımcı olabilirim?\"}]\n");
    }

    @Test
    void makesNoLayerOfAnEmptyText() {
        assertThat(ModelfileLayers.of(ModelfileParser.parse("FROM m\nSYSTEM \"\"\n", "m")))
                .isEmpty();
    }

    @Test
    void installsNoAdapter() {
        assertThatThrownBy(
                        () -> ModelfileLayers.of(ModelfileParser.parse("FROM m\nADAPTER a\n", "m")))
                .isInstanceOf(UnsupportedException.class);
    }

    @Test
    void writesAManifestAndReadsItBack() {
        Manifest manifest =
                new Manifest(
                        new Layer(Manifest.CONFIG, "a".repeat(64), 150),
                        List.of(new Layer(Manifest.MODEL, "b".repeat(64), 5)));
        byte[] bytes = manifest.bytes();
        assertThat(new String(bytes, StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
                                + "\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":\"sha256:"
                                + "a".repeat(64)
                                + "\",\"size\":150},\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"sha256:"
                                + "b".repeat(64)
                                + "\",\"size\":5}]}\n");
        assertThat(Manifest.parse(bytes, "m")).isEqualTo(manifest);
        assertThat(manifest.size()).isEqualTo(155);
    }

    @Test
    void refusesManifestsThatNameNoBlobs() {
        for (String bad :
                List.of(
                        "",
                        "[]",
                        "{}",
                        "{\"schemaVersion\":1,\"config\":{},\"layers\":[]}",
                        "{\"schemaVersion\":2,\"config\":{\"digest\":\"sha256:../../x\",\"size\":1},\"layers\":[]}",
                        "{\"schemaVersion\":2,\"layers\":[]}",
                        "{\"schemaVersion\":2,\"mediaTy")) {
            assertThatThrownBy(() -> Manifest.parse(bad.getBytes(StandardCharsets.UTF_8), "m"))
                    .as(bad)
                    .isInstanceOf(MalformedException.class);
        }
    }

    @Test
    void findsTheStoreWhereOllamaDoes() {
        Path home = Path.of("home");
        assertThat(OllamaStore.of(name -> null, home).root())
                .isEqualTo(Path.of("home", ".ollama", "models"));
        assertThat(OllamaStore.of(name -> " \"/srv/models\" ", home).root())
                .isEqualTo(Path.of("/srv/models"));
        assertThat(OllamaStore.of(name -> "", home).root())
                .isEqualTo(Path.of("home", ".ollama", "models"));
    }

    @Test
    void knowsANameInAnyCase() throws IOException {
        OllamaStore store = new OllamaStore(folder);
        Path manifest = folder.resolve("manifests/registry.ollama.ai/library/Tr-Mini/Latest");
        Files.createDirectories(manifest.getParent());
        Files.writeString(manifest, "{}");
        Files.writeString(manifest.resolveSibling("bad name"), "{}");
        assertThat(store.contains(ModelName.parse("tr-mini"))).isTrue();
        assertThat(store.existing(ModelName.parse("tr-mini")))
                .isEqualTo(new ModelName("registry.ollama.ai", "library", "Tr-Mini", "Latest"));
        assertThat(store.contains(ModelName.parse("tr-mini:q4"))).isFalse();
    }

    @Test
    void writesABlobOnceAndMendsADamagedOne() throws IOException {
        OllamaStore store = new OllamaStore(folder.resolve("new/store"));
        StoreWriter writer = new StoreWriter(store);
        String hash = writer.blob("merhaba".getBytes(StandardCharsets.UTF_8));
        Path blob = store.root().resolve("blobs/sha256-" + hash);
        assertThat(blob).hasContent("merhaba");
        Files.writeString(blob, "meRhaba");
        writer.blob("merhaba".getBytes(StandardCharsets.UTF_8));
        assertThat(blob).hasContent("merhaba");
        assertThat(store.blobFiles()).containsExactly(blob);
    }

    @Test
    void refusesAFileThatIsNotWhatWasVerified() throws IOException {
        OllamaStore store = new OllamaStore(folder.resolve("store"));
        Path file = Files.writeString(folder.resolve("model.gguf"), "other");
        assertThatThrownBy(() -> new StoreWriter(store).blob(file, "0".repeat(64)))
                .isInstanceOf(VerificationException.class);
        assertThat(store.blobFiles()).isEmpty();
        assertThat(file).hasContent("other");
    }

    @Test
    void putsTheManifestWhereANewerOllamaReadsItFirst() throws IOException {
        OllamaStore store = new OllamaStore(folder);
        ModelName name = ModelName.parse("m");
        StoreWriter writer = new StoreWriter(store);
        Path old = store.root().resolve("blobs/sha256-" + writer.blob(new byte[] {1}));
        Path link = folder.resolve("manifests-v2/registry.ollama.ai/library/m/latest");
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, link.getParent().relativize(old));
        writer.manifest(name, new byte[] {2});
        assertThat(Files.isSymbolicLink(link)).isTrue();
        assertThat(Files.readAllBytes(link)).containsExactly(2);
        assertThat(store.manifests()).containsEntry(name, link);
        assertThat(Files.readAllBytes(old)).containsExactly(1);
    }
}
