package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import tk.checkpoint.Checkpoint;
import tk.hf.ConfigReader;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;
import tk.torch.TorchReader;
import tk.verify.reference.LogitModel.Session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The small Turkish model against what torch computed with it. */
class MinitrTest {
    private Checkpoint checkpoint;
    private ReferenceModel model;

    @BeforeEach
    void open() {
        checkpoint = new TorchReader().open(Shared.path("fixtures/minitr/turkish_llm_mini.pt"));
        model =
                ReferenceModels.open(
                        checkpoint, ConfigReader.read(Shared.path("fixtures/minitr/config.json")));
    }

    @AfterEach
    void close() {
        if (model != null) model.close();
        if (checkpoint != null) checkpoint.close();
    }

    private static int[] ints(JsonValue array) {
        return ((JsonArray) array)
                .items().stream()
                        .mapToInt(v -> ((JsonNumber) v).asLong().orElseThrow().intValue())
                        .toArray();
    }

    @Test
    void logitsAreTorchs() {
        Fixture.assertLogits(model, Shared.path("fixtures/minitr/logits.safetensors"));
    }

    @Test
    void everyLayerIsTorchs() {
        Fixture fixture = new Fixture(Shared.path("fixtures/minitr/hidden_states.safetensors"));
        int[] ids = fixture.ids("ids");
        List<Integer> seen = new ArrayList<>();
        model.layers(
                ids,
                (layer, position, hidden) -> {
                    // The last one there is after the final norm: the test below.
                    if (layer == model.layers()) return;
                    float[] expected = fixture.floats("hidden." + layer);
                    assertRow(hidden, expected, position, layer);
                    seen.add(layer);
                });
        assertThat(seen).hasSize(ids.length * model.layers());
        float[] last = fixture.floats("hidden." + model.layers());
        model.hiddenStates(
                ids, (position, hidden, logits, logSumExp) -> assertRow(hidden, last, position, 6));
    }

    private static void assertRow(float[] found, float[] expected, int position, int layer) {
        for (int f = 0; f < found.length; f++) {
            assertThat(found[f])
                    .as("layer %d, position %d, feature %d", layer, position, f)
                    .isCloseTo(expected[position * found.length + f], within(1e-3f));
        }
    }

    @Test
    void lossOnValidationTextIsTorchs() {
        JsonObject json = Json.readObject(Shared.path("fixtures/minitr/nll_valid.json"));
        List<JsonValue> chunks = json.array("chunks").orElseThrow().items();
        List<JsonValue> expected = json.array("mean_nll").orElseThrow().items();
        double total = 0;
        for (int i = 0; i < chunks.size(); i++) {
            int[] ids = ints(chunks.get(i));
            int[] fed = new int[ids.length];
            fed[0] = 1;
            System.arraycopy(ids, 0, fed, 1, ids.length - 1);
            double[] sum = {0};
            model.hiddenStates(
                    fed,
                    (position, hidden, logits, logSumExp) ->
                            sum[0] += logSumExp - logits[ids[position]]);
            double mean = sum[0] / ids.length;
            assertThat(mean).isCloseTo(((JsonNumber) expected.get(i)).asDouble(), within(1e-4));
            total += mean;
        }
        assertThat(Math.exp(total / chunks.size()))
                .isCloseTo(json.number("perplexity").orElseThrow().asDouble(), within(1e-2));
    }

    @Test
    void greedyTextIsTorchsTokenByToken() {
        JsonArray cases = (JsonArray) Json.read(Shared.path("fixtures/minitr/greedy.json"));
        for (JsonValue value : cases.items()) {
            JsonObject one = (JsonObject) value;
            int[] prompt = ints(one.get("prompt_ids").orElseThrow());
            int[] expected = ints(one.get("greedy_ids").orElseThrow());
            int[] found = Arrays.copyOf(prompt, expected.length);
            try (Session session = model.start()) {
                float[] logits = session.append(prompt);
                for (int i = prompt.length; i < found.length; i++) {
                    int best = 0;
                    for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
                    found[i] = best;
                    logits = session.append(best);
                }
            }
            assertThat(found).containsExactly(expected);
        }
    }
}
