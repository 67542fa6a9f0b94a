package tk.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.Sha256;
import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tensor.Pattern;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Files that torch and transformers wrote, with the SHA-256 of their tensors. */
class SafetensorsFixturesTest {
    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({
        "containers/hf_float32, containers/manifest.json",
        "containers/hf_float16, containers/manifest_fp16.json",
        "containers/hf_bfloat16, containers/manifest_bf16.json",
        "containers/hf_sharded, containers/manifest.json",
        "llama3/base/hf, llama3/base/manifest_hf.json",
        "llama3/scaled31/hf, llama3/scaled31/manifest_hf.json",
        "torture/expected.safetensors, torture/manifest.json",
    })
    void agreesWithTheManifest(String input, String manifest) {
        JsonObject expected = Json.readObject(Shared.path("fixtures/" + manifest));
        try (Checkpoint read = new SafetensorsReader().open(Shared.path("fixtures/" + input))) {
            assertThat(expected.members().keySet()).containsAll(read.tensors().keySet());
            for (Tensor tensor : read.tensors().values()) {
                JsonObject tells = expected.object(tensor.info().name()).orElseThrow();
                assertThat(tensor.info().dtype().name())
                        .isEqualTo(tells.string("dtype").orElseThrow());
                JsonArray shape = tells.array("shape").orElseThrow();
                assertThat(tensor.info().shape().dims())
                        .containsExactly(
                                shape.items().stream()
                                        .mapToLong(d -> Long.parseLong(((JsonNumber) d).text()))
                                        .toArray());
                assertThat(Sha256.of(tensor))
                        .as(tensor.info().name())
                        .isEqualTo(tells.string("sha256").orElseThrow());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "containers/hf_float32/model.safetensors",
                "containers/hf_bfloat16/model.safetensors",
                "containers/hf_sharded/model-00002-of-00004.safetensors",
                "torture/expected.safetensors",
                "containers/logits.safetensors"
            })
    void aRewrittenCopyIsTheSameFile(String name) throws IOException {
        Path file = Shared.path("fixtures/" + name);
        Path copy = folder.resolve("copy.safetensors");
        try (Checkpoint read = new SafetensorsReader().open(file)) {
            new PlanWriter(2, Progress.NONE)
                    .write(SafetensorsWriter.plan(read, read.metadata(), copy), false);
        }
        assertThat(Files.mismatch(file, copy)).isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({
        "bad_offsets, model.layers",
        "huge_header, 4611686018427387904",
        "truncated, file ends",
    })
    void refusesWhatIsBroken(String name, String reason) {
        Path file = Shared.path("fixtures/containers/reject/" + name + ".safetensors");
        assertThatThrownBy(() -> new SafetensorsReader().open(file))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @ValueSource(strings = {"containers/hf_sharded", "containers/hf_float32"})
    void recognisesFoldersAndFiles(String name) {
        assertThat(new SafetensorsReader().recognises(Shared.path("fixtures/" + name))).isTrue();
        assertThat(new SafetensorsReader().recognises(Shared.path("fixtures/torture"))).isTrue();
        assertThat(new SafetensorsReader().recognises(Shared.path("fixtures/README.md"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = "containers/hf_sharded")
    void keepsTheOrderOfShards(String name) {
        try (Checkpoint read = new SafetensorsReader().open(Shared.path("fixtures/" + name))) {
            Tensor first = read.tensors().firstEntry().getValue();
            assertThat(first.stored().orElseThrow().file().path().getFileName())
                    .hasToString("model-00001-of-00004.safetensors");
            assertThat(Pattern.bytes(first)).isNotEmpty();
            assertThat(List.copyOf(read.metadata().entrySet())).hasSize(1);
        }
    }
}
