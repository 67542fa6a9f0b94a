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
import tk.testing.Shared;

import java.nio.file.Path;
import java.util.ArrayList;
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
        assertSame(path, model.tokens(positions), 1e-8);
    }

    static void assertSame(Path path, int[] tokens, double tolerance) {
        float[][] expected;
        try (LlamaCpp original = new LlamaCpp(path)) {
            expected = original.logits(tokens);
        }
        double[] error = {0};
        double[] square = {0};
        try (GgufFile file = new GgufReader().open(path);
                ReferenceModel reference = ReferenceModels.openGguf(file, file.gguf())) {
            reference.logits(
                    tokens,
                    (position, logits) -> {
                        for (int v = 0; v < logits.length; v++) {
                            double want = expected[position][v];
                            error[0] += (logits[v] - want) * (logits[v] - want);
                            square[0] += want * want;
                        }
                    });
        }
        assertThat(error[0] / square[0]).isLessThan(tolerance);
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

    @Test
    void aModelThatWasTrained() {
        int[] story = {1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298, 315, 421, 395, 317};
        assertSame(Shared.path("third-party/gguf/stories260K.gguf"), story, 1e-8);
    }
}
