package tk.verify.reference;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import tk.model.ModelSource;
import tk.testing.Shared;

/** Meta's own layout, at every number of shards: the logits torch computed of the joined model. */
class MetaFoldersTest {
    @ParameterizedTest
    @CsvSource({
        "meta/llama2_gqa/mp2, meta/llama2_gqa",
        "meta/llama2_gqa/mp8, meta/llama2_gqa",
        "meta/llama2_mha/mp1, meta/llama2_mha",
        "meta/llama2_mha/mp2, meta/llama2_mha",
        "llama3/scaled31/mp2, llama3/scaled31"
    })
    void logitsAreTorchs(String shards, String expected) {
        try (ModelSource source =
                        ModelSource.open(
                                Shared.path("fixtures/" + shards), ModelSource.Options.NONE);
                ReferenceModel model =
                        ReferenceModels.open(source.weights(), source.requireConfig())) {
            for (String file : new String[] {"logits", "logits_long200_last"}) {
                Fixture.assertLogits(
                        model, Shared.path("fixtures/" + expected + "/" + file + ".safetensors"));
            }
        }
    }
}
