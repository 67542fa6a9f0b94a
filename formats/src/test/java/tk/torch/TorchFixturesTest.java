package tk.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.error.TkException;
import tk.error.UnsupportedException;
import tk.tensor.RefusedTensor;
import tk.tensor.Tensor;
import tk.testing.Shared;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/** Files that PyTorch itself wrote, against what PyTorch reads from them. */
class TorchFixturesTest {
    @ParameterizedTest
    @CsvSource({
        "state_dict.pt, manifest.json",
        "state_dict_legacy.pt, manifest.json",
        "state_dict_plaindict_proto4.pt, manifest.json",
        "state_dict_fp16_untied_copies.pt, manifest_fp16.json",
        "state_dict_bf16.pt, manifest_bf16.json",
        "checkpoint_orig_mod_module.pt, manifest_checkpoint.json",
        "checkpoint_ddp_module.pt, manifest_checkpoint.json",
        "checkpoint_with_namespace.pt, manifest_checkpoint.json",
        "old_tar_layout.pt, manifest_old_tar.json",
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
    @ValueSource(strings = {"torture.pt", "torture_proto5.pt", "torture_legacy.pt"})
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

    @Test
    void namesEachTensorItCannotTake() {
        try (Checkpoint exotic =
                new TorchReader().open(Shared.path("fixtures/torture/exotic.pt"))) {
            Map<String, String> refused = new TreeMap<>();
            exotic.tensors()
                    .forEach(
                            (name, tensor) -> {
                                if (tensor instanceof RefusedTensor r)
                                    refused.put(name, r.info().shape() + " " + r.reason());
                            });
            assertThat(refused)
                    .containsOnlyKeys("conj", "neg", "q", "sparse")
                    .containsEntry("sparse", "[3, 3] is sparse (save it .to_dense())")
                    .containsEntry("q", "[4] is quantized (save it .dequantize())");
            assertThat(exotic.tensors().keySet())
                    .containsExactly(
                            "complex64",
                            "conj",
                            "u16",
                            "u64",
                            "f8_e4m3",
                            "f8_e5m2",
                            "neg",
                            "q",
                            "sparse");
            assertThat(bytes(exotic, "u16")).containsExactly(1, 0, -1, -1);
            assertThat(bytes(exotic, "u64"))
                    .containsExactly(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80);
            assertThat(bytes(exotic, "f8_e4m3")).containsExactly(0x38, 0xfe, 0x30);
            assertThat(bytes(exotic, "f8_e5m2")).containsExactly(0x3c, 0x34);
            assertThatThrownBy(() -> bytes(exotic, "q"))
                    .isInstanceOf(UnsupportedException.class)
                    .hasMessageContaining("`q` is quantized");
        }
    }

    @Test
    void findsTensorsAmongEverythingElseATrainingLoopSaves() {
        try (Checkpoint mix =
                new TorchReader().open(Shared.path("fixtures/torture/nested_mix.pt"))) {
            assertThat(mix.tensors().keySet())
                    .containsExactly("w", "list.0", "list.1.x", "tuple.0", "np");
            assertThat(mix.metadata()).containsEntry("torch.key", "model");
            assertThat(bytes(mix, "np"))
                    .containsExactly(0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "disallowed_global_os_getenv.pt, 4, os.getenv",
        "whole_module_pickle.pt, 4, whole pickled module",
        "truncated_zip.pt, 3, truncated zip archive",
        "truncated_legacy.pt, 3, are left",
    })
    void refusesWhatMustNotBeRead(String file, int exit, String message) {
        assertThatThrownBy(
                        () ->
                                new TorchReader()
                                        .open(Shared.path("fixtures/containers/reject/" + file)))
                .isInstanceOfSatisfying(
                        TkException.class,
                        e -> {
                            assertThat(e.exit()).isEqualTo(exit);
                            assertThat(e).hasMessageContaining(message).hasMessageContaining(file);
                            assertThat(e.hint()).isNotBlank();
                        });
    }

    private static byte[] bytes(Checkpoint checkpoint, String name) {
        Tensor tensor = Objects.requireNonNull(checkpoint.tensors().get(name));
        byte[] bytes = new byte[(int) tensor.info().byteSize()];
        tensor.readRows(0, tensor.info().shape().rows(), MemorySegment.ofArray(bytes));
        return bytes;
    }
}
