package tk.verify.reference;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.checkpoint.Checkpoint;
import tk.hf.ConfigReader;
import tk.safetensors.SafetensorsReader;
import tk.testing.Shared;

import java.nio.file.Path;

/** Hugging Face folders of Llama 2's and 3's kinds, with biases, tied and not, in shards. */
class HfFoldersTest {
    @ParameterizedTest
    @CsvSource({
        "containers/hf_float32, containers/logits",
        "meta/llama2_gqa/hf, meta/llama2_gqa/logits",
        "meta/llama2_gqa/hf, meta/llama2_gqa/logits_long200_last",
        "meta/llama2_mha/hf, meta/llama2_mha/logits",
        "meta/llama2_mha/hf, meta/llama2_mha/logits_long200_last",
        "llama3/base/hf, llama3/base/logits",
        "llama3/base/hf, llama3/base/logits_long200_last",
        "llama3/scaled31/hf, llama3/scaled31/logits",
        "llama3/scaled31/hf, llama3/scaled31/logits_long200_last",
        "lora/base_tied, lora/base_tied/logits",
        "lora/base_untied, lora/base_untied/logits",
        "lora/base_bias, lora/base_bias/logits"
    })
    void logitsAreTorchs(String folder, String logits) {
        Path path = Shared.path("fixtures/" + folder);
        try (Checkpoint checkpoint = new SafetensorsReader().open(path);
                ReferenceModel model =
                        ReferenceModels.open(
                                checkpoint, ConfigReader.read(path.resolve("config.json")))) {
            Fixture.assertLogits(model, Shared.path("fixtures/" + logits + ".safetensors"));
        }
    }
}
