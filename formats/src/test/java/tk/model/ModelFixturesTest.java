package tk.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.checkpoint.Sha256;
import tk.hf.ConfigWriter;
import tk.json.Json;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource.Options;
import tk.tensor.TensorInfo;
import tk.testing.Shared;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.Set;

/** Every container, seen through one door, holds the tensors its manifest lists. */
class ModelFixturesTest {
    @ParameterizedTest
    @CsvSource({
        "containers/state_dict.pt, containers/manifest.json, PyTorch (zip)",
        "containers/state_dict_legacy.pt, containers/manifest.json, PyTorch (legacy)",
        "containers/state_dict_plaindict_proto4.pt, containers/manifest.json, PyTorch (zip)",
        "containers/parameters_no_lm_head.pt, containers/manifest.json, PyTorch (zip)",
        "containers/state_dict_fp16_untied_copies.pt, containers/manifest_fp16.json, PyTorch (zip)",
        "containers/state_dict_bf16.pt, containers/manifest_bf16.json, PyTorch (zip)",
        "containers/checkpoint_orig_mod_module.pt, containers/manifest_checkpoint.json, PyTorch (zip)",
        "containers/checkpoint_ddp_module.pt, containers/manifest_checkpoint.json, PyTorch (zip)",
        "containers/checkpoint_with_namespace.pt, containers/manifest_checkpoint.json, PyTorch (zip)",
        "containers/old_tar_layout.pt, containers/manifest_old_tar.json, PyTorch (tar)",
        "containers/bin_sharded, containers/manifest_checkpoint.json, PyTorch (3 shards)",
        "containers/hf_float32, containers/manifest.json, safetensors",
        "containers/hf_float16, containers/manifest_fp16.json, safetensors",
        "containers/hf_bfloat16, containers/manifest_bf16.json, safetensors",
        "containers/hf_sharded, containers/manifest.json, safetensors (4 shards)",
        "minitr/turkish_llm_mini.pt, minitr/manifest.json, PyTorch (zip)",
        "llama3/base/hf, llama3/base/manifest_hf.json, safetensors",
        "llama3/scaled31/hf, llama3/scaled31/manifest_hf.json, safetensors",
        "meta/llama2_mha/hf, meta/llama2_mha/manifest_hf.json, safetensors",
        "meta/llama2_gqa/hf, meta/llama2_gqa/manifest_hf.json, safetensors",
        "meta/llama2_mha/mp1, meta/llama2_mha/manifest_meta_merged.json, Meta",
        "meta/llama2_mha/mp2, meta/llama2_mha/manifest_meta_merged.json, Meta (2 shards)",
        "meta/llama2_gqa/mp2, meta/llama2_gqa/manifest_meta_merged.json, Meta (2 shards)",
        "meta/llama2_gqa/mp8, meta/llama2_gqa/manifest_meta_merged.json, Meta (8 shards)",
        "llama3/scaled31/mp2, llama3/scaled31/manifest_meta_merged.json, Meta (2 shards)",
        "torture/torture.pt, torture/manifest.json, PyTorch (zip)",
    })
    void holdsTheTensorsOfItsManifest(String path, String manifestPath, String format) {
        JsonObject manifest = Json.readObject(Shared.path("fixtures/" + manifestPath));
        try (ModelSource source = ModelSource.open(Shared.path("fixtures/" + path), Options.NONE)) {
            assertThat(source.format()).isEqualTo(format);
            Set<String> absent = new HashSet<>(manifest.members().keySet());
            source.weights()
                    .tensors()
                    .forEach(
                            (name, tensor) -> {
                                absent.remove(name);
                                assertThat(line(tensor.info(), Sha256.of(tensor)))
                                        .as(name)
                                        .isEqualTo(line(manifest.object(name).orElseThrow()));
                            });
            // A tied head may be left out of a file.
            assertThat(absent).isSubsetOf("lm_head.weight");
        }
    }

    private static String line(JsonObject entry) {
        JsonValue shape = entry.get("shape").orElseThrow();
        return entry.string("dtype").orElseThrow()
                + " "
                + JsonText.COMPACT.write(shape).replace(",", ", ")
                + " "
                + entry.string("sha256").orElseThrow();
    }

    private static String line(TensorInfo info, String sha256) {
        return info.dtype() + " " + info.shape() + " " + sha256;
    }

    @ParameterizedTest
    @CsvSource({
        "whole_module_pickle.pt, 4",
        "disallowed_global_os_getenv.pt, 4",
        "truncated_zip.pt, 3",
        "truncated_legacy.pt, 3",
        "bad_offsets.safetensors, 3",
        "huge_header.safetensors, 3",
        "truncated.safetensors, 3",
    })
    void refusesWhatMustBeRefused(String name, int exit) {
        var path = Shared.path("fixtures/containers/reject/" + name);
        assertThat(
                        org.junit.jupiter.api.Assertions.assertThrows(
                                        tk.error.TkException.class,
                                        () -> ModelSource.open(path, Options.NONE))
                                .exit())
                .isEqualTo(exit);
    }

    @ParameterizedTest
    @CsvSource({
        "meta/llama2_mha/mp1, meta/llama2_mha/hf",
        "meta/llama2_gqa/mp8, meta/llama2_gqa/hf",
        "llama3/scaled31/mp2, llama3/scaled31/hf",
    })
    void understandsMetasSettingsAndFindsItsTokenizer(String meta, String folder)
            throws IOException {
        try (ModelSource source = ModelSource.open(Shared.path("fixtures/" + meta), Options.NONE)) {
            JsonObject config = ConfigWriter.config(source.requireConfig(), "bfloat16", false);
            assertThat(JsonText.HUGGING_FACE.write(config) + "\n")
                    .isEqualTo(
                            Files.readString(Shared.path("fixtures/" + folder + "/config.json"))
                                    .replace("5.18.0", ConfigWriter.TRANSFORMERS_VERSION));
            TokenizerSummary tokenizer = ModelSummary.of(source).tokenizer().orElseThrow();
            assertThat(tokenizer.kind())
                    .isEqualTo(meta.startsWith("llama3") ? "tiktoken" : "SentencePiece BPE");
            assertThat(tokenizer.size()).contains(source.requireConfig().vocabSize());
            assertThat(ModelSummary.of(source).architecture()).contains("LlamaForCausalLM");
        }
    }
}
