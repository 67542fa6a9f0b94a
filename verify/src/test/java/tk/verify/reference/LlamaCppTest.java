package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.TensorMap;
import tk.gguf.GgufFile;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufReader;
import tk.gguf.GgufValue;
import tk.gguf.GgufWriter;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.testing.LlamaCpp;
import tk.testing.Originals;
import tk.testing.Shared;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Our logits and real llama.cpp's on the same GGUF file, for every family and rotary scaling. */
@Tag("interop")
class LlamaCppTest {
    private static final int VOCABULARY = 320;

    @TempDir Path folder;

    private static RandomModel model(String architecture, String... settings) {
        Map<String, String> all = new HashMap<>();
        all.put("vocab_size", Integer.toString(VOCABULARY));
        all.put("hidden_size", "64");
        all.put("head_dim", "16");
        all.put("intermediate_size", "96");
        for (int i = 0; i < settings.length; i += 2) all.put(settings[i], settings[i + 1]);
        return RandomModel.of(architecture, all);
    }

    private static void vocabulary(GgufMetadata.Builder metadata) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        int[] types = new int[VOCABULARY];
        types[0] = 2;
        types[1] = 3;
        types[2] = 3;
        for (int i = 3; i < VOCABULARY; i++) {
            boolean isByte = i < 259;
            tokens.add(isByte ? String.format(Locale.ROOT, "<0x%02X>", i - 3) : "▁w" + i);
            types[i] = isByte ? 6 : 1;
        }
        metadata.put("tokenizer.ggml.model", GgufValue.text("llama"))
                .put("tokenizer.ggml.tokens", GgufValue.texts(tokens))
                .put("tokenizer.ggml.scores", GgufValue.floats(new float[VOCABULARY]))
                .put("tokenizer.ggml.token_type", GgufValue.i32s(types));
    }

    private void assertSame(
            RandomModel model,
            String architecture,
            List<Tensor> extra,
            Map<String, GgufValue> keys,
            int positions) {
        assertSame(write(model, architecture, extra, keys), model.tokens(positions), 1e-8);
    }

    private Path write(
            RandomModel model,
            String architecture,
            List<Tensor> extra,
            Map<String, GgufValue> keys) {
        boolean interleave = architecture.equals("llama");
        List<Tensor> tensors =
                new ArrayList<>(Dialects.renamed(model, Dialects.GGUF, "blk.", interleave));
        tensors.addAll(extra);
        GgufMetadata.Builder metadata = Dialects.metadata(architecture, model.config());
        keys.forEach(metadata::put);
        vocabulary(metadata);
        Path path = folder.resolve("model.gguf");
        new PlanWriter(1, Progress.NONE)
                .write(
                        GgufWriter.plan(
                                metadata.build(),
                                new TensorMap(tensors, Map.of(), List.of()),
                                path),
                        true);
        return path;
    }

    static void assertSame(Path path, int[] tokens, double tolerance) {
        float[][] expected;
        try (LlamaCpp original = new LlamaCpp(path)) {
            expected = original.logits(tokens);
        }
        assertThat(error(expected, logits(path, tokens))).isLessThan(tolerance);
    }

    /** Σ (found − expected)² / Σ expected². */
    private static double error(float[][] expected, float[][] found) {
        double error = 0;
        double square = 0;
        for (int position = 0; position < found.length; position++) {
            for (int v = 0; v < found[position].length; v++) {
                double want = expected[position][v];
                error += (found[position][v] - want) * (found[position][v] - want);
                square += want * want;
            }
        }
        return error / square;
    }

    private static float[][] logits(Path path, int[] tokens) {
        float[][] all = new float[tokens.length][];
        try (GgufFile file = new GgufReader().open(path);
                ReferenceModel reference = ReferenceModels.openGguf(file, file.gguf())) {
            reference.logits(tokens, (position, logits) -> all[position] = logits.clone());
        }
        return all;
    }

    @Test
    void llama() {
        assertSame(model("LlamaForCausalLM"), "llama", List.of(), Map.of(), 300);
    }

    @Test
    void llamaWithBiases() {
        RandomModel model = model("LlamaForCausalLM", "attention_bias", "true", "mlp_bias", "true");
        assertSame(model, "llama", List.of(), Map.of(), 50);
    }

    @Test
    void llamaWithWideHeadsAndTheEmbeddingAsHead() {
        RandomModel model =
                model("LlamaForCausalLM", "head_dim", "32", "tie_word_embeddings", "true");
        assertSame(model, "llama", List.of(), Map.of(), 50);
    }

    @Test
    void qwen2() {
        assertSame(model("Qwen2ForCausalLM"), "qwen2", List.of(), Map.of(), 50);
    }

    @Test
    void qwen3() {
        assertSame(model("Qwen3ForCausalLM"), "qwen3", List.of(), Map.of(), 50);
    }

    @Test
    void linearScaling() {
        Map<String, GgufValue> keys =
                Map.of(
                        "llama.rope.scaling.type", GgufValue.text("linear"),
                        "llama.rope.scaling.factor", GgufValue.f32(2.5f));
        assertSame(model("LlamaForCausalLM"), "llama", List.of(), keys, 200);
    }

    @Test
    void yarnScaling() {
        Map<String, GgufValue> keys =
                Map.of(
                        "llama.rope.scaling.type", GgufValue.text("yarn"),
                        "llama.rope.scaling.factor", GgufValue.f32(4),
                        "llama.rope.scaling.original_context_length", GgufValue.u32(64));
        assertSame(model("LlamaForCausalLM"), "llama", List.of(), keys, 200);
    }

    @Test
    void yarnScalingWithItsOptions() {
        Map<String, GgufValue> keys =
                Map.of(
                        "llama.rope.scaling.type", GgufValue.text("yarn"),
                        "llama.rope.scaling.factor", GgufValue.f32(4),
                        "llama.rope.scaling.original_context_length", GgufValue.u32(64),
                        "llama.rope.scaling.attn_factor", GgufValue.f32(1.25f),
                        "llama.rope.scaling.yarn_beta_fast", GgufValue.f32(4),
                        "llama.rope.scaling.yarn_beta_slow", GgufValue.f32(2),
                        "llama.rope.scaling.yarn_attn_factor", GgufValue.f32(1.5f));
        assertSame(model("LlamaForCausalLM"), "llama", List.of(), keys, 100);
    }

    @Test
    void llama3Scaling() {
        float[] divisors = {1, 1, 1.5f, 2.5f, 5, 8, 8, 8};
        Tensor factors = ArrayTensor.of("rope_freqs.weight", DType.F32, divisors, 8);
        assertSame(model("LlamaForCausalLM"), "llama", List.of(factors), Map.of(), 200);
    }

    @Test
    void longRopeScaling() {
        float[] shorter = {1, 1.1f, 1.2f, 1.3f, 1.4f, 1.5f, 1.6f, 1.7f};
        float[] longer = {1, 2, 3, 4, 5, 6, 7, 8};
        List<Tensor> factors =
                List.of(
                        ArrayTensor.of("rope_factors_long.weight", DType.F32, longer, 8),
                        ArrayTensor.of("rope_factors_short.weight", DType.F32, shorter, 8));
        Map<String, GgufValue> keys =
                Map.of(
                        "llama.rope.scaling.type", GgufValue.text("longrope"),
                        "llama.rope.scaling.attn_factor", GgufValue.f32(1.25f),
                        "llama.rope.scaling.original_context_length", GgufValue.u32(64));
        assertSame(model("LlamaForCausalLM"), "llama", factors, keys, 200);
    }

    /**
     * llama.cpp rounds what it multiplies blocks with to 8 bits, in runs of 256 with steps of
     * amax/127. What that does to a model is computed in double, from the weights before they were
     * quantized; their own rounding does much more.
     */
    @Test
    void quantizedWeightsWithinWhatEightBitActivationsExplain() throws Exception {
        RandomModel model =
                model(
                        "LlamaForCausalLM",
                        "hidden_size",
                        "256",
                        "head_dim",
                        "64",
                        "intermediate_size",
                        "512");
        int[] tokens = model.tokens(60);
        double[] frequencies = new double[32];
        Arrays.setAll(frequencies, i -> Math.pow(10000, -i / 32.0));
        float[][] plain = floats(new DoubleDecoder(model, frequencies, 1, 0).logits(tokens));
        float[][] rounded =
                floats(
                        new DoubleDecoder(model, frequencies, 1, 0)
                                .withInputs(LlamaCppTest::toEightBits)
                                .logits(tokens));
        Path exact = write(model, "llama", List.of(), Map.of());
        Path blocks = folder.resolve("blocks.gguf");
        Originals.run(Originals.program("llama-quantize"), exact, blocks, "Q4_K_M");
        double explained = error(plain, rounded);
        assertSame(blocks, tokens, 2 * explained);
        assertThat(error(logits(exact, tokens), logits(blocks, tokens)))
                .isGreaterThan(10 * explained);
    }

    private static double[] toEightBits(double[] x) {
        double[] out = new double[x.length];
        for (int from = 0; from < x.length; from += 256) {
            double most = 0;
            for (int i = from; i < from + 256; i++) most = Math.max(most, Math.abs(x[i]));
            double step = most / 127;
            for (int i = from; i < from + 256; i++) out[i] = step * Math.rint(x[i] / step);
        }
        return out;
    }

    private static float[][] floats(double[][] values) {
        float[][] out = new float[values.length][];
        for (int t = 0; t < values.length; t++) {
            out[t] = new float[values[t].length];
            for (int v = 0; v < out[t].length; v++) out[t][v] = (float) values[t][v];
        }
        return out;
    }

    @Test
    void aModelThatWasTrained() {
        int[] story = {1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317};
        assertSame(Shared.path("third-party/gguf/stories260K.gguf"), story, 1e-8);
    }
}
