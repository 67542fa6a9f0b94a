package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.testing.Shared;

import java.util.Objects;

/** Files that PyTorch itself wrote, against what PyTorch reads from them. */
class TorchFixturesTest {
    @ParameterizedTest
    @CsvSource({
        "state_dict.pt, manifest.json",
        "state_dict_plaindict_proto4.pt, manifest.json",
        "state_dict_fp16_untied_copies.pt, manifest_fp16.json",
        "state_dict_bf16.pt, manifest_bf16.json",
        "checkpoint_orig_mod_module.pt, manifest_checkpoint.json",
        "checkpoint_ddp_module.pt, manifest_checkpoint.json",
        "checkpoint_with_namespace.pt, manifest_checkpoint.json",
    })
    void readsEveryContainer(String file, String manifest) {
        try (Checkpoint checkpoint =
                new TorchReader().open(Shared.path("fixtures/containers/" + file))) {
            assertThat(Manifest.of(checkpoint))
                    .isEqualTo(Manifest.read(Shared.path("fixtures/containers/" + manifest)));
        }
    }

    @Test
    void readsParametersAsTensors() {
        try (Checkpoint checkpoint =
                new TorchReader()
                        .open(Shared.path("fixtures/containers/parameters_no_lm_head.pt"))) {
            assertThat(Manifest.of(checkpoint))
                    .isEqualTo(
                            Manifest.read(Shared.path("fixtures/containers/manifest.json"))
                                    .without("lm_head.weight"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"torture.pt", "torture_proto5.pt"})
    void readsAwkwardTensors(String file) {
        try (Checkpoint checkpoint =
                new TorchReader().open(Shared.path("fixtures/torture/" + file))) {
            assertThat(Manifest.of(checkpoint))
                    .isEqualTo(Manifest.read(Shared.path("fixtures/torture/manifest.json")));
        }
    }

    @Test
    void tiedTensorsLieInOneRegion() {
        try (Checkpoint tied =
                        new TorchReader().open(Shared.path("fixtures/containers/state_dict.pt"));
                Checkpoint copies =
                        new TorchReader()
                                .open(
                                        Shared.path(
                                                "fixtures/containers/state_dict_fp16_untied_copies.pt"))) {
            assertThat(region(tied, "lm_head.weight"))
                    .isEqualTo(region(tied, "model.embed_tokens.weight"));
            assertThat(region(copies, "lm_head.weight"))
                    .isNotEqualTo(region(copies, "model.embed_tokens.weight"));
        }
    }

    private static tk.tensor.FileRegion region(Checkpoint checkpoint, String name) {
        return Objects.requireNonNull(checkpoint.tensors().get(name)).stored().orElseThrow();
    }
}
