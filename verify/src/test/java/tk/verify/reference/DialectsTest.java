package tk.verify.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

import tk.checkpoint.TensorMap;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.verify.LogitModel;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** One model in the names and row orders of Hugging Face, Meta and GGUF computes the same. */
class DialectsTest {
    private static final Map<String, String> META =
            Map.ofEntries(
                    Map.entry("model.embed_tokens", "tok_embeddings"),
                    Map.entry("model.norm", "norm"),
                    Map.entry("lm_head", "output"),
                    Map.entry("input_layernorm", "attention_norm"),
                    Map.entry("self_attn.q_proj", "attention.wq"),
                    Map.entry("self_attn.k_proj", "attention.wk"),
                    Map.entry("self_attn.v_proj", "attention.wv"),
                    Map.entry("self_attn.o_proj", "attention.wo"),
                    Map.entry("post_attention_layernorm", "ffn_norm"),
                    Map.entry("mlp.gate_proj", "feed_forward.w1"),
                    Map.entry("mlp.up_proj", "feed_forward.w3"),
                    Map.entry("mlp.down_proj", "feed_forward.w2"));
    private static final Map<String, String> GGUF =
            Map.ofEntries(
                    Map.entry("model.embed_tokens", "token_embd"),
                    Map.entry("model.norm", "output_norm"),
                    Map.entry("lm_head", "output"),
                    Map.entry("input_layernorm", "attn_norm"),
                    Map.entry("self_attn.q_proj", "attn_q"),
                    Map.entry("self_attn.k_proj", "attn_k"),
                    Map.entry("self_attn.v_proj", "attn_v"),
                    Map.entry("self_attn.o_proj", "attn_output"),
                    Map.entry("self_attn.q_norm", "attn_q_norm"),
                    Map.entry("self_attn.k_norm", "attn_k_norm"),
                    Map.entry("post_attention_layernorm", "ffn_norm"),
                    Map.entry("mlp.gate_proj", "ffn_gate"),
                    Map.entry("mlp.up_proj", "ffn_up"),
                    Map.entry("mlp.down_proj", "ffn_down"));

    /** The model's tensors renamed, the rows of q and k interleaved where wanted. */
    private static List<Tensor> renamed(
            RandomModel model, Map<String, String> names, String layers, boolean interleave) {
        List<Tensor> tensors = new ArrayList<>();
        model.weights()
                .forEach(
                        (name, values) -> {
                            String suffix = name.substring(name.lastIndexOf('.'));
                            String stem = name.substring(0, name.lastIndexOf('.'));
                            String prefix = "";
                            if (stem.startsWith("model.layers.")) {
                                String[] parts = stem.split("\\.", 4);
                                prefix = layers + parts[2] + ".";
                                stem = parts[3];
                            }
                            boolean rotated = stem.endsWith("q_proj") || stem.endsWith("k_proj");
                            float[] rows =
                                    rotated && interleave
                                            ? interleaved(
                                                    values,
                                                    model.config().headDim(),
                                                    model.shapes().get(name))
                                            : values;
                            tensors.add(
                                    ArrayTensor.of(
                                            prefix + names.get(stem) + suffix,
                                            DType.F32,
                                            rows,
                                            model.shapes().get(name)));
                        });
        return tensors;
    }

    /** Rows (head, half, i) to (head, i, half). */
    private static float[] interleaved(float[] values, int headDim, long[] shape) {
        int columns = shape.length == 1 ? 1 : (int) shape[1];
        float[] out = new float[values.length];
        for (int row = 0; row < values.length / columns; row++) {
            int head = row / headDim;
            int i = row % headDim;
            int to = head * headDim + (i < headDim / 2 ? 2 * i : 2 * (i - headDim / 2) + 1);
            System.arraycopy(values, row * columns, out, to * columns, columns);
        }
        return out;
    }

    private static TensorMap checkpoint(List<Tensor> tensors) {
        return new TensorMap(tensors, Map.of(), List.of());
    }

    private static GgufMetadata.Builder metadata(String a, ModelConfig config) {
        return GgufMetadata.builder()
                .put("general.architecture", GgufValue.text(a))
                .put(a + ".block_count", GgufValue.u32(config.layers()))
                .put(a + ".context_length", GgufValue.u32(config.maxPositions()))
                .put(a + ".embedding_length", GgufValue.u32(config.hiddenSize()))
                .put(a + ".feed_forward_length", GgufValue.u32(config.feedForward()))
                .put(a + ".attention.head_count", GgufValue.u32(config.heads()))
                .put(a + ".attention.head_count_kv", GgufValue.u32(config.kvHeads()))
                .put(a + ".attention.key_length", GgufValue.u32(config.headDim()))
                .put(a + ".rope.freq_base", GgufValue.f32((float) config.rope().theta()))
                .put(
                        a + ".attention.layer_norm_rms_epsilon",
                        GgufValue.f32((float) config.normEps()));
    }

    private static void assertSame(LogitModel expected, LogitModel found, int[] tokens) {
        float[][] want = new float[tokens.length][];
        expected.logits(tokens, (position, logits) -> want[position] = logits.clone());
        found.logits(
                tokens,
                (position, logits) -> {
                    for (int v = 0; v < logits.length; v++) {
                        assertThat(logits[v]).isCloseTo(want[position][v], within(1e-4f));
                    }
                });
        assertThat(found.vocabularySize()).isEqualTo(expected.vocabularySize());
        assertThat(found.contextLength()).isEqualTo(expected.contextLength());
    }

    @Test
    void metaNamesComputeTheSame() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap meta = checkpoint(renamed(model, META, "layers.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.open(meta, model.config())) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void ggufNamesComputeTheSame() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        GgufMetadata metadata = metadata("llama", model.config()).build();
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(40));
        }
    }

    @Test
    void qwensGgufKeepsItsHalves() {
        for (String family : List.of("Qwen2", "Qwen3")) {
            RandomModel model = RandomModel.of(family + "ForCausalLM", Map.of());
            TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", false));
            String architecture = family.toLowerCase(java.util.Locale.ROOT);
            GgufMetadata metadata = metadata(architecture, model.config()).build();
            try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                    LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
                assertSame(hf, other, model.tokens(40));
            }
        }
    }

    @Test
    void ggufsLinearScalingIsTheConfigs() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of("rope_scaling", "{\"type\": \"linear\", \"factor\": 4.0}"));
        GgufMetadata metadata =
                metadata("llama", model.config())
                        .put("llama.rope.scaling.type", GgufValue.text("linear"))
                        .put("llama.rope.scaling.factor", GgufValue.f32(4))
                        .build();
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void ggufsYarnIsTheConfigs() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of(
                                "rope_scaling",
                                """
                                {"rope_type": "yarn", "factor": 4.0,
                                 "original_max_position_embeddings": 16}
                                """));
        GgufMetadata metadata =
                metadata("llama", model.config())
                        .put("llama.rope.scaling.type", GgufValue.text("yarn"))
                        .put("llama.rope.scaling.factor", GgufValue.f32(4))
                        .put("llama.rope.scaling.original_context_length", GgufValue.u32(16))
                        .build();
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(gguf, metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void ggufsDivisorsAreLlama3sScaling() {
        RandomModel model =
                RandomModel.of(
                        "LlamaForCausalLM",
                        Map.of(
                                "rope_scaling",
                                """
                                {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
                                 "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
                                """));
        float[] plain = RotaryFrequencies.plain(12, 10000);
        float[] divisors = new float[6];
        for (int i = 0; i < 6; i++) {
            double wavelength = 2 * Math.PI / plain[i];
            double smooth = Math.clamp((32 / wavelength - 1) / 3, 0.0, 1.0);
            divisors[i] = (float) (1 / ((1 - smooth) / 8 + smooth));
        }
        List<Tensor> tensors = renamed(model, GGUF, "blk.", true);
        tensors.add(ArrayTensor.of("rope_freqs.weight", DType.F32, divisors, 6));
        GgufMetadata metadata = metadata("llama", model.config()).build();
        try (LogitModel hf = ReferenceModels.open(model.checkpoint(), model.config());
                LogitModel other = ReferenceModels.openGguf(checkpoint(tensors), metadata)) {
            assertSame(hf, other, model.tokens(80));
        }
    }

    @Test
    void refusesAnArchitectureItDoesNotKnow() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        GgufMetadata metadata = metadata("gemma2", model.config()).build();
        assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("gemma2");
    }

    @Test
    void namesTheMetadataKeyThatIsMissing() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        GgufMetadata metadata =
                metadata("llama", model.config()).remove("llama.block_count").build();
        assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("llama.block_count");
    }

    @Test
    void refusesNumbersOutOfBounds() {
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        TensorMap gguf = checkpoint(renamed(model, GGUF, "blk.", true));
        for (long count : List.of(0L, -1L, 1L << 40)) {
            GgufMetadata metadata =
                    metadata("llama", model.config())
                            .put("llama.attention.head_count", GgufValue.u32(count))
                            .build();
            assertThatThrownBy(() -> ReferenceModels.openGguf(gguf, metadata))
                    .isInstanceOf(MalformedException.class)
                    .hasMessageContaining("llama.attention.head_count");
        }
    }

    @Test
    void refusesNamesOfAnotherDialect() {
        TensorMap other =
                checkpoint(List.of(ArrayTensor.of("wte.weight", DType.F32, new float[4], 2, 2)));
        RandomModel model = RandomModel.of("LlamaForCausalLM", Map.of());
        assertThatThrownBy(() -> ReferenceModels.open(other, model.config()))
                .isInstanceOf(UnsupportedException.class)
                .hasMessageContaining("model.embed_tokens.weight");
    }
}
