package tk.verify.reference;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import tk.checkpoint.Checkpoint;
import tk.hf.ConfigReader;
import tk.testing.Shared;
import tk.torch.TorchReader;

/** One tiny model in every container PyTorch writes: the same logits as torch computed. */
class ContainersTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "state_dict.pt",
                "state_dict_legacy.pt",
                "state_dict_plaindict_proto4.pt",
                "parameters_no_lm_head.pt"
            })
    void logitsAreTorchs(String file) {
        try (Checkpoint checkpoint =
                        new TorchReader().open(Shared.path("fixtures/containers/" + file));
                ReferenceModel model =
                        ReferenceModels.open(
                                checkpoint,
                                ConfigReader.read(
                                        Shared.path(
                                                "fixtures/containers/hf_float32/config.json")))) {
            Fixture.assertLogits(model, Shared.path("fixtures/containers/logits.safetensors"));
        }
    }
}
