package tk.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.model.ModelSource.Options;
import tk.tensor.DType;
import tk.tensor.Pattern;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Path;

/** Meta's releases, whole and in part, as sources. */
class MetaSourceTest {
    private ModelFiles files;

    @BeforeEach
    void begin(@TempDir Path folder) {
        files = new ModelFiles(folder);
    }

    @Test
    void opensMetasFolderAndNamesItsPointers() throws IOException {
        files.text("params.json", "{\"dim\": 8}");
        files.text("consolidated.00.pth", ModelFiles.POINTER);
        assertThatThrownBy(() -> ModelSource.open(files.folder(), Options.NONE))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("consolidated.00.pth: this is a Git-LFS pointer");
    }

    /** Mistral's releases have one such file beside the shards for transformers. */
    @Test
    void takesMetasSettingsBesideOneFileOfMetasNames() throws IOException {
        files.weights(
                "consolidated.safetensors",
                Pattern.of("tok_embeddings.weight", DType.F32, 16, 8),
                Pattern.of("layers.0.feed_forward.w1.weight", DType.F32, 32, 8));
        files.text("params.json", "{\"steps\": 3}");
        try (ModelSource source = ModelSource.open(files.folder(), Options.NONE)) {
            assertThat(source.config()).isEmpty();
        }
        files.text(
                "params.json",
                """
                {"dim": 8, "hidden_dim": 32, "n_heads": 2, "n_layers": 1, "norm_eps": 1e-05}
                """);
        try (ModelSource source = ModelSource.open(files.folder(), Options.NONE)) {
            assertThat(source.requireConfig().architecture()).isEqualTo("MistralForCausalLM");
        }
    }

    @Test
    void namesAPointerInThePlaceOfMetasSettings() throws IOException {
        files.text("params.json", ModelFiles.POINTER);
        files.weights("consolidated.00.pth", Pattern.of("norm.weight", DType.F32, 8));
        assertThatThrownBy(() -> ModelSource.open(files.folder(), Options.NONE))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("params.json: this is a Git-LFS pointer");
    }

    @Test
    void saysThatMetasSettingsAreMissing() {
        files.weights("consolidated.00.pth", Pattern.of("norm.weight", DType.F32, 8));
        files.weights("consolidated.01.pth", Pattern.of("norm.weight", DType.F32, 8));
        assertThatThrownBy(() -> ModelSource.open(files.folder(), Options.NONE))
                .isInstanceOf(IoException.class)
                .hasMessageContaining("no params.json beside consolidated.00.pth");
    }

    /** Half of each matrix would pass for a model of half the width. */
    @Test
    void takesAShardOfMetasForTheWholeRelease() {
        Path release = Shared.path("fixtures/meta/llama2_mha/mp2");
        try (ModelSource source =
                ModelSource.open(release.resolve("consolidated.01.pth"), Options.NONE)) {
            assertThat(source.format()).isEqualTo("Meta (2 shards)");
            assertThat(source.requireConfig().hiddenSize()).isEqualTo(64);
        }
    }
}
