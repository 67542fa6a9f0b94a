package tk.verify.reference;

import tk.gguf.GgufMetadata;
import tk.gguf.GgufValue;
import tk.hf.ModelConfig;
import tk.tensor.DType;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A random model in the names, row orders and metadata of other dialects than Hugging Face's. */
final class Dialects {
    private Dialects() {}

    static final Map<String, String> META =
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
    static final Map<String, String> GGUF =
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
    static List<Tensor> renamed(
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

    static GgufMetadata.Builder metadata(String a, ModelConfig config) {
        return GgufMetadata.builder()
                .put("general.architecture", GgufValue.text(a))
                .put(a + ".block_count", GgufValue.u32(config.layers()))
                .put(a + ".context_length", GgufValue.u32(config.maxPositions()))
                .put(a + ".embedding_length", GgufValue.u32(config.hiddenSize()))
                .put(a + ".feed_forward_length", GgufValue.u32(config.feedForward()))
                .put(a + ".attention.head_count", GgufValue.u32(config.heads()))
                .put(a + ".attention.head_count_kv", GgufValue.u32(config.kvHeads()))
                .put(a + ".attention.key_length", GgufValue.u32(config.headDim()))
                .put(a + ".attention.value_length", GgufValue.u32(config.headDim()))
                .put(a + ".rope.dimension_count", GgufValue.u32(config.headDim()))
                .put(a + ".rope.freq_base", GgufValue.f32((float) config.rope().theta()))
                .put(
                        a + ".attention.layer_norm_rms_epsilon",
                        GgufValue.f32((float) config.normEps()));
    }
}
