package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.verify.reference.LogitModel.Session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

class ReferenceModelTest {
    private static final double THETA = 10000;

    private static double[] plainFrequencies(int headDim) {
        double[] frequencies = new double[headDim / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = Math.pow(THETA, -2.0 * i / headDim);
        }
        return frequencies;
    }

    private static float[][] logits(ReferenceModel model, int[] tokens) {
        float[][] all = new float[tokens.length][];
        model.logits(tokens, (position, scores) -> all[position] = scores.clone());
        return all;
    }

    static void assertAgrees(
            RandomModel model, double[] frequencies, double magnitude, int window, int positions) {
        int[] tokens = model.tokens(positions);
        double[][] expected =
                new DoubleDecoder(model, frequencies, magnitude, window).logits(tokens);
        try (ReferenceModel reference =
                ReferenceModels.open(model.checkpoint(), model.config(), 2)) {
            float[][] found = logits(reference, tokens);
            // Angles are F32: their error grows with the position.
            double tolerance = 2e-4 + 2e-6 * positions;
            for (int t = 0; t < positions; t++) {
                for (int v = 0; v < expected[t].length; v++) {
                    assertThat((double) found[t][v])
                            .as("position %d, token %d", t, v)
                            .isCloseTo(expected[t][v], within(tolerance));
                }
            }
        }
    }

    @Test
    void llamaAgreesWithDoublePrecision() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        assertAgrees(model, plainFrequencies(12), 1, 0, 37);
    }

    @Test
    void oneTokenAgreesWithDoublePrecision() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        assertAgrees(model, plainFrequencies(12), 1, 0, 1);
    }

    @Test
    void sequencesOfSeveralChunksAgreeWithDoublePrecision() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        assertAgrees(model, plainFrequencies(12), 1, 0, 2 * ForwardPass.LONGEST + 5);
    }

    @Test
    void biasesAreAdded() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM", Map.of("attention_bias", "true", "mlp_bias", "true"));
        assertAgrees(model, plainFrequencies(12), 1, 0, 20);
    }

    @Test
    void headsMayBeWiderThanTheirShare() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of("head_dim", "20"));
        assertAgrees(model, plainFrequencies(20), 1, 0, 20);
    }

    @Test
    void tiedHeadIsTheEmbedding() {
        RandomModel model =
                RandomModel.of("LlamaForCausalLM", Map.of("tie_word_embeddings", "true"));
        assertAgrees(model, plainFrequencies(12), 1, 0, 9);
    }

    @Test
    void qwen2AgreesWithDoublePrecision() {
        RandomModel model = RandomModel.of("Qwen2ForCausalLM", Map.of());
        assertAgrees(model, plainFrequencies(12), 1, 0, 20);
    }

    @Test
    void qwen3NormalizesHeads() {
        RandomModel model = RandomModel.of("Qwen3ForCausalLM", Map.of());
        assertAgrees(model, plainFrequencies(12), 1, 0, 20);
    }

    @Test
    void mistralLooksBackAsFarAsItsWindow() {
        RandomModel model = RandomModel.of("MistralForCausalLM", Map.of("sliding_window", "7"));
        assertAgrees(model, plainFrequencies(12), 1, 7, ForwardPass.LONGEST + 70);
    }

    @Test
    void namesMayLackTheirPrefix() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        List<Tensor> bare = new ArrayList<>();
        for (Tensor tensor : model.checkpoint().tensors().values()) {
            String name = tensor.info().name();
            bare.add(
                    tk.tensor.RenamedTensor.of(
                            name.startsWith("model.") ? name.substring(6) : name, tensor));
        }
        int[] tokens = model.tokens(5);
        try (ReferenceModel a = ReferenceModels.open(model.checkpoint(), model.config());
                ReferenceModel b =
                        ReferenceModels.open(
                                new TensorMap(bare, Map.of(), List.of()), model.config())) {
            assertThat(logits(b, tokens)).isDeepEqualTo(logits(a, tokens));
        }
    }

    @Test
    void threadsDoNotChangeTheNumbers() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        int[] tokens = model.tokens(70);
        try (ReferenceModel one = ReferenceModels.open(model.checkpoint(), model.config(), 1);
                ReferenceModel three =
                        ReferenceModels.open(model.checkpoint(), model.config(), 3)) {
            assertThat(logits(three, tokens)).isDeepEqualTo(logits(one, tokens));
        }
    }

    @Test
    void residentWeightsGiveTheSameNumbers() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        int[] tokens = model.tokens(20);
        ReferenceModels.Options options =
                ReferenceModels.Options.standard().withResidentBytes(1 << 20);
        try (ReferenceModel a = ReferenceModels.open(model.checkpoint(), model.config());
                ReferenceModel b =
                        ReferenceModels.open(model.checkpoint(), model.config(), options);
                Session one = a.start();
                Session other = b.start()) {
            assertThat(logits(b, tokens)).isDeepEqualTo(logits(a, tokens));
            for (int token : tokens) {
                assertThat(other.append(token)).containsExactly(one.append(token));
            }
        }
    }

    @Test
    void sessionAgreesWithTheWholeRun() {
        RandomModel model = RandomModel.of("Qwen3ForCausalLM", Map.of());
        int[] tokens = model.tokens(90);
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config());
                Session session = reference.start()) {
            float[][] whole = logits(reference, tokens);
            float[] last = session.append(java.util.Arrays.copyOf(tokens, 30));
            assertClose(last, whole[29]);
            for (int t = 30; t < tokens.length; t++)
                assertClose(session.append(tokens[t]), whole[t]);
        }
    }

    @Test
    void sequencesThatRunTogetherGiveWhatEachGivesAlone() {
        RandomModel model = RandomModel.of("MistralForCausalLM", Map.of("sliding_window", "7"));
        // More than a chunk together: the third is cut in two.
        List<int[]> sequences = List.of(model.tokens(70), model.tokens(1), model.tokens(1000));
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config())) {
            List<float[][]> alone = new ArrayList<>();
            for (int[] tokens : sequences) alone.add(logits(reference, tokens));
            int[] seen = new int[3];
            reference.logits(
                    sequences,
                    (sequence, position, logits) -> {
                        assertThat(position).isEqualTo(seen[sequence]++);
                        assertClose(logits, alone.get(sequence)[position]);
                    });
            assertThat(seen).containsExactly(70, 1, 1000);
        }
    }

    @Test
    void sequencesThatGrowTogetherGiveWhatEachGivesAlone() {
        for (int layers : new int[] {1, 2}) {
            RandomModel model =
                    RandomModel.of("LlamaForCausalLM", Map.of("num_hidden_layers", "" + layers));
            int[] one = model.tokens(12);
            int[] other = model.tokens(31);
            try (ReferenceModel reference =
                            ReferenceModels.open(model.checkpoint(), model.config());
                    LogitModel.Batch batch = reference.start(2)) {
                float[][] first = logits(reference, one);
                float[][] second = logits(reference, other);
                float[][] last =
                        batch.append(new int[][] {Arrays.copyOf(one, 3), Arrays.copyOf(other, 22)});
                for (int i = 0; i < 9; i++) {
                    assertClose(last[0], first[2 + i]);
                    assertClose(last[1], second[21 + i]);
                    last = batch.append(new int[][] {{one[3 + i]}, {other[22 + i]}});
                }
            }
        }
    }

    private static void assertClose(float[] found, float[] expected) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).isCloseTo(expected[i], within(1e-4f));
        }
    }

    @Test
    void earlierPositionsMayBeSkipped() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        int[] tokens = model.tokens(ForwardPass.LONGEST + 40);
        int first = ForwardPass.LONGEST + 11;
        List<Integer> positions = new ArrayList<>();
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config())) {
            float[][] whole = logits(reference, tokens);
            reference.logits(
                    tokens,
                    first,
                    (position, scores) -> {
                        positions.add(position);
                        assertThat(scores).containsExactly(whole[position]);
                    });
        }
        assertThat(positions).hasSize(29).startsWith(first).endsWith(tokens.length - 1);
    }

    @Test
    void hiddenStatesGiveTheLogitsAndTheirNormaliser() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        float[] head = model.weights().get("lm_head.weight");
        int[] tokens = model.tokens(19);
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config())) {
            float[][] whole = logits(reference, tokens);
            reference.hiddenStates(
                    tokens,
                    (position, hidden, logits, logSumExp) -> {
                        double sum = 0;
                        for (int v = 0; v < 97; v++) {
                            double logit = 0;
                            for (int f = 0; f < 48; f++) logit += head[v * 48 + f] * hidden[f];
                            assertThat(logit).isCloseTo((double) whole[position][v], within(1e-4));
                            sum += Math.exp(logit - logSumExp);
                        }
                        assertThat(sum).isCloseTo(1, within(1e-4));
                    });
        }
    }

    @Test
    void layersAreShownFromTheEmbeddingOn() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        float[] embedding = model.weights().get("model.embed_tokens.weight");
        int[] tokens = model.tokens(3);
        List<String> seen = new ArrayList<>();
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config())) {
            reference.layers(
                    tokens,
                    (layer, position, hidden) -> {
                        seen.add(layer + ":" + position);
                        if (layer == 0) {
                            assertThat(hidden[5]).isEqualTo(embedding[tokens[position] * 48 + 5]);
                        }
                    });
        }
        assertThat(seen)
                .containsExactly("0:0", "0:1", "0:2", "1:0", "1:1", "1:2", "2:0", "2:1", "2:2");
    }

    @Test
    void refusesIdsOutsideTheVocabulary() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        try (ReferenceModel reference = ReferenceModels.open(model.checkpoint(), model.config())) {
            assertThatThrownBy(() -> reference.logits(new int[] {97}, (p, l) -> {}))
                    .hasMessageContaining("97");
            assertThatThrownBy(() -> reference.logits(new int[] {-1}, (p, l) -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> reference.logits(new int[0], (p, l) -> {}))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void namesTheTensorThatIsMissing() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        model.weights().remove("model.layers.1.mlp.up_proj.weight");
        assertThatThrownBy(() -> ReferenceModels.open(model.checkpoint(), model.config()))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("model.layers.1.mlp.up_proj.weight");
    }

    @Test
    void namesTheTensorOfAnotherShape() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        model.shapes().put("model.layers.0.mlp.up_proj.weight", new long[] {48, 80});
        assertThatThrownBy(() -> ReferenceModels.open(model.checkpoint(), model.config()))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("model.layers.0.mlp.up_proj.weight")
                .hasMessageContaining("[80, 48]")
                .hasMessageContaining("[48, 80]");
    }

    @Test
    void refusesATensorItDoesNotKnow() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        model.weights().put("model.layers.0.self_attn.q_norm.weight", new float[12]);
        model.shapes().put("model.layers.0.self_attn.q_norm.weight", new long[] {12});
        assertThatThrownBy(() -> ReferenceModels.open(model.checkpoint(), model.config()))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("q_norm");
    }

    @Test
    void weightsOfHalfPrecisionAreWidened() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        for (DType type : List.of(DType.F16, DType.BF16)) {
            List<Tensor> narrow = new ArrayList<>();
            List<Tensor> rounded = new ArrayList<>();
            for (Tensor tensor : model.checkpoint().tensors().values()) {
                float[] values = model.weights().get(tensor.info().name()).clone();
                for (int i = 0; i < values.length; i++) {
                    values[i] =
                            type == DType.F16
                                    ? Float.float16ToFloat(Float.floatToFloat16(values[i]))
                                    : tk.tensor.Scalars.fromBf16(
                                            tk.tensor.Scalars.toBf16(values[i]));
                }
                long[] shape = tensor.info().shape().dims();
                narrow.add(ArrayTensor.of(tensor.info().name(), type, values, shape));
                rounded.add(ArrayTensor.of(tensor.info().name(), DType.F32, values, shape));
            }
            int[] tokens = model.tokens(12);
            try (ReferenceModel a =
                            ReferenceModels.open(
                                    new TensorMap(narrow, Map.of(), List.of()), model.config());
                    ReferenceModel b =
                            ReferenceModels.open(
                                    new TensorMap(rounded, Map.of(), List.of()), model.config())) {
                assertThat(logits(a, tokens)).isDeepEqualTo(logits(b, tokens));
            }
        }
    }
}
