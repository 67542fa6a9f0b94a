package tk.modelfile.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.Sha256;
import tk.checkpoint.TensorMap;
import tk.error.IoException;
import tk.error.TkException;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.modelfile.ModelfileParser;
import tk.modelfile.store.Manifest.Layer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What Ollama's store allows, and what tk leaves alone there. */
class StoreRulesTest {
    @TempDir Path folder;

    private String config(String modelfile) {
        Path file = folder.resolve("m.gguf");
        new PlanWriter(1, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                GgufMetadata.builder()
                                        .put("general.architecture", new GgufValue.Text("llama"))
                                        .put("general.file_type", GgufValue.u32(17))
                                        .build(),
                                new TensorMap(List.of(), Map.of(), List.of()),
                                file),
                        true);
        try (GgufFile gguf = new GgufReader().open(file)) {
            return new String(
                    ImageConfig.bytes(gguf, ModelfileParser.parse(modelfile, "m")),
                    StandardCharsets.UTF_8);
        }
    }

    @Test
    void theConfigurationNamesRendererParserAndVersionWithoutItsV() {
        assertThat(config("FROM m\nREQUIRES v0.14.0\nPARSER p\nRENDERER r\n"))
                .isEqualTo(
                        "{\"model_format\":\"gguf\",\"model_family\":\"llama\",\"model_families\":[\"llama\"],\"model_type\":\"0\",\"file_type\":\"Q5_K_M\",\"renderer\":\"r\",\"parser\":\"p\",\"requires\":\"0.14.0\",\"architecture\":\"amd64\",\"os\":\"linux\"}\n");
        assertThat(config("FROM m\n")).doesNotContain("requires").doesNotContain("renderer");
    }

    @Test
    void aManifestMaySayWhereALayerIsFromAndWhatItIsCalled() {
        String hex = "a".repeat(64);
        Manifest manifest =
                Manifest.parse(
                        """
                        {"schemaVersion":2,"mediaType":"x","config":{"digest":"sha256:%s","size":3},
                        "layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:%s","size":5,"from":"/x","name":"n"}]}
                        """
                                .formatted(hex, hex.toUpperCase(java.util.Locale.ROOT))
                                .getBytes(StandardCharsets.UTF_8),
                        "m");
        assertThat(manifest.layers()).containsExactly(new Layer(Manifest.MODEL, hex, 5));
        assertThat(manifest.size()).isEqualTo(8);
    }

    @Test
    void findsBlobsUnderTheirOldNames() throws IOException {
        OllamaStore store = new OllamaStore(folder);
        String hex = "b".repeat(64);
        assertThat(store.blob(hex).getFileName()).hasToString("sha256-" + hex);
        Path old = folder.resolve("blobs").resolve("sha256:" + hex);
        Files.createDirectories(old.getParent());
        Files.write(old, new byte[] {1});
        assertThat(store.blob(hex)).isEqualTo(old);
        Files.write(old.resolveSibling("sha256-" + hex), new byte[] {1});
        assertThat(store.blob(hex).getFileName()).hasToString("sha256-" + hex);
    }

    @Test
    void replacingAModelDeletesNoBlob() throws IOException {
        OllamaStore store = new OllamaStore(folder);
        StoreWriter writer = new StoreWriter(store);
        String shared = writer.blob(new byte[] {1});
        String config = writer.blob(new byte[] {2});
        for (String name : List.of("a", "b", "a")) {
            writer.manifest(
                    ModelName.parse(name),
                    new Manifest(
                                    new Layer(Manifest.CONFIG, config, 1),
                                    List.of(new Layer(Manifest.MODEL, shared, 1)))
                            .bytes());
        }
        assertThat(store.manifests()).hasSize(2);
        assertThat(store.blobFiles()).hasSize(2);
        assertThat(Sha256.of(store.blob(shared))).isEqualTo(shared);
    }

    @Test
    void saysWhatToDoWhereItMayNotWrite() throws IOException {
        Path file = Files.writeString(folder.resolve("store"), "not a folder");
        assertThatThrownBy(() -> new StoreWriter(new OllamaStore(file)))
                .isInstanceOf(IoException.class)
                .extracting(e -> String.valueOf(((TkException) e).hint()))
                .asString()
                .contains("OLLAMA_MODELS");
    }

    @Test
    void takesPortsInHostsOnlyAndLongHosts() {
        assertThat(ModelName.find("localhost:11434/ns/m:t")).isPresent();
        assertThat(ModelName.find("ns:1/m")).isEmpty();
        assertThat(ModelName.find("h".repeat(350) + "/n/m")).isPresent();
        assertThat(ModelName.find("h".repeat(351) + "/n/m")).isEmpty();
        assertThat(ModelName.find("m:" + "t".repeat(80))).isPresent();
        assertThat(ModelName.find("m:" + "t".repeat(81))).isEmpty();
    }
}
