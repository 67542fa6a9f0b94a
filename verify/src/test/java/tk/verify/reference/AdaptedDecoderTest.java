package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import org.junit.jupiter.api.Test;

import tk.checkpoint.TensorMap;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.verify.reference.Adaptation.Beside;
import tk.verify.reference.Adaptation.Factors;
import tk.verify.reference.Adaptation.Rows;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** Adapters beside a model give what weights give that have them merged in. */
class AdaptedDecoderTest {
    private static final int RANK = 3;
    private static final double SCALE = 0.25;
    private static final String Q = "model.layers.0.self_attn.q_proj";
    private static final String DOWN = "model.layers.1.mlp.down_proj";
    private static final String EMBEDDING = Adaptation.EMBEDDING;

    private final SplittableRandom random = new SplittableRandom(5);
    private final RandomModel model =
            RandomModel.of("LlamaForCausalLM", Map.of("attention_bias", "true"));
    private final Map<String, float[]> merged = new LinkedHashMap<>(model.weights());
    private final Map<String, Tensor> replaced = new LinkedHashMap<>();
    private final Map<String, Factors> added = new LinkedHashMap<>();
    private final Map<String, Rows> rows = new LinkedHashMap<>();

    private float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float) random.nextGaussian();
        return values;
    }

    private static Tensor tensor(float[] values, long... shape) {
        return ArrayTensor.of("adapter", DType.F32, values, shape);
    }

    private float[] weight(String module) {
        float[] weight = merged.get(module + ".weight");
        if (weight == null) throw new AssertionError(module);
        return weight;
    }

    /** Adds {@code s·B·A} beside the module, and to the merged weights in place. */
    private void add(String module, boolean dora, boolean bias) {
        float[] sum = weight(module).clone();
        int out = (int) model.shapes().get(module + ".weight")[0];
        int in = sum.length / out;
        float[] a = values(RANK * in);
        float[] b = values(out * RANK);
        for (int i = 0; i < sum.length; i++) {
            double delta = 0;
            for (int k = 0; k < RANK; k++) delta += b[i / in * RANK + k] * a[k * in + i % in];
            sum[i] += (float) (SCALE * delta);
        }
        float[] magnitudes = values(out);
        for (int r = 0; dora && r < out; r++) {
            double squares = 0;
            for (int j = 0; j < in; j++) squares += (double) sum[r * in + j] * sum[r * in + j];
            float scale = (float) (magnitudes[r] / Math.sqrt(squares));
            for (int j = 0; j < in; j++) sum[r * in + j] *= scale;
        }
        merged.put(module + ".weight", sum);
        float[] offsets = values(out);
        if (bias) {
            float[] own = merged.get(module + ".bias").clone();
            for (int i = 0; i < own.length; i++) own[i] += (float) SCALE * offsets[i];
            merged.put(module + ".bias", own);
        }
        added.put(
                module,
                new Factors(
                        tensor(a, RANK, in),
                        tensor(b, out, RANK),
                        SCALE,
                        bias ? Optional.of(tensor(offsets, out)) : Optional.empty(),
                        dora ? Optional.of(tensor(magnitudes, out)) : Optional.empty()));
    }

    private void addToEmbedding(boolean dora) {
        float[] sum = weight(EMBEDDING).clone();
        int vocabulary = model.config().vocabSize();
        int hidden = model.config().hiddenSize();
        float[] a = values(RANK * vocabulary);
        float[] b = values(hidden * RANK);
        float[] magnitudes = values(hidden);
        for (int i = 0; i < sum.length; i++) {
            for (int k = 0; k < RANK; k++) {
                sum[i] += (float) SCALE * b[i % hidden * RANK + k] * a[k * vocabulary + i / hidden];
            }
        }
        for (int j = 0; dora && j < hidden; j++) {
            double squares = 0;
            for (int i = j; i < sum.length; i += hidden) squares += (double) sum[i] * sum[i];
            for (int i = j; i < sum.length; i += hidden) {
                sum[i] *= (float) (magnitudes[j] / Math.sqrt(squares));
            }
        }
        merged.put(EMBEDDING + ".weight", sum);
        added.put(
                EMBEDDING,
                new Factors(
                        tensor(a, RANK, vocabulary),
                        tensor(b, hidden, RANK),
                        SCALE,
                        Optional.empty(),
                        dora ? Optional.of(tensor(magnitudes, hidden)) : Optional.empty()));
    }

    private void replace(String parameter) {
        float[] values = values(merged.get(parameter).length);
        merged.put(parameter, values);
        replaced.put(parameter, tensor(values, model.shapes().get(parameter)));
    }

    private Adaptation adaptation() {
        Adaptation adaptation = new Adaptation(replaced, added, rows);
        replaced.clear();
        added.clear();
        rows.clear();
        return adaptation;
    }

    /** Compares in Hugging Face's and in GGUF's names and orders of rows. */
    private void same(Adaptation... adaptations) {
        int[] ids = model.tokens(19);
        float[][] expected;
        RandomModel whole =
                new RandomModel(model.config(), new LinkedHashMap<>(merged), model.shapes());
        try (ReferenceModel reference =
                ReferenceModels.open(whole.checkpoint(), model.config(), 1)) {
            expected = logits(reference, ids);
        }
        ReferenceModels.Options options =
                ReferenceModels.Options.standard()
                        .withThreads(2)
                        .withAdapters(new Beside(List.of(adaptations), false));
        try (ReferenceModel hf = ReferenceModels.open(model.checkpoint(), model.config(), options);
                ReferenceModel gguf =
                        ReferenceModels.openGguf(
                                checkpoint(Dialects.renamed(model, Dialects.GGUF, "blk.", true)),
                                Dialects.metadata("llama", model.config()).build(),
                                options)) {
            close(logits(hf, ids), expected);
            close(logits(gguf, ids), expected);
            // A token at a time takes another way through the kernels.
            float[] last = new float[0];
            try (LogitModel.Session session = hf.start()) {
                for (int id : ids) last = session.append(id);
            }
            assertThat(last).containsExactly(expected[ids.length - 1], offset(2e-3f));
        }
    }

    private static TensorMap checkpoint(List<Tensor> tensors) {
        return new TensorMap(new ArrayList<>(tensors), Map.of(), List.of());
    }

    private static float[][] logits(LogitModel model, int[] ids) {
        float[][] all = new float[ids.length][];
        model.logits(ids, (position, logits) -> all[position] = logits.clone());
        return all;
    }

    private static void close(float[][] found, float[][] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).containsExactly(expected[i], offset(2e-3f));
        }
    }

    @Test
    void addsBesideAMatrix() {
        add(Q, false, false);
        add(DOWN, false, false);
        add(Adaptation.HEAD, false, false);
        same(adaptation());
    }

    @Test
    void addsTheBiasOfB() {
        add(Q, false, true);
        same(adaptation());
    }

    @Test
    void scalesOutputsAsDoraDoes() {
        add(Q, true, false);
        add(DOWN, true, false);
        same(adaptation());
    }

    @Test
    void addsToRowsOfTheEmbedding() {
        addToEmbedding(false);
        same(adaptation());
    }

    @Test
    void scalesColumnsOfTheEmbedding() {
        addToEmbedding(true);
        same(adaptation());
    }

    @Test
    void replacesWholeParameters() {
        replace(Q + ".weight");
        replace(Q + ".bias");
        replace("model.layers.1.input_layernorm.weight");
        replace("model.norm.weight");
        replace(EMBEDDING + ".weight");
        replace("lm_head.weight");
        same(adaptation());
    }

    @Test
    void replacesSingleRows() {
        float[] embedding = weight(EMBEDDING).clone();
        int hidden = model.config().hiddenSize();
        float[] values = values(2 * hidden);
        System.arraycopy(values, 0, embedding, 40 * hidden, hidden);
        System.arraycopy(values, hidden, embedding, 3 * hidden, hidden);
        merged.put(EMBEDDING + ".weight", embedding);
        rows.put(EMBEDDING, new Rows(tensor(values, 2, hidden), Map.of(40, 0, 3, 1)));
        same(adaptation());
    }

    @Test
    void oneAdapterFollowsAnother() {
        add(Q, false, false);
        add(DOWN, true, false);
        Adaptation first = adaptation();
        add(Q, true, true);
        add(DOWN, false, false);
        Adaptation second = adaptation();
        replace(DOWN + ".weight");
        same(first, second, adaptation());
    }
}
