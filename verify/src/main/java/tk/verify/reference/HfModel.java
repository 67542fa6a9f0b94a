package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.hf.Family;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonString;
import tk.verify.reference.Decoder.Layer;
import tk.verify.reference.Decoder.Linear;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads Hugging Face's names, as {@code state_dict()} of a LlamaForCausalLM and its relatives gives
 * them, or of the LlamaModel within (no {@code model.} before them, no head).
 *
 * <pre>
 * model.embed_tokens.weight                       (vocabulary, hidden)
 * model.layers.N.input_layernorm.weight           (hidden)
 * model.layers.N.self_attn.q_proj.weight|bias     (heads * headDim, hidden)
 * model.layers.N.self_attn.k_proj, v_proj         (kvHeads * headDim, hidden)
 * model.layers.N.self_attn.o_proj                 (hidden, heads * headDim)
 * model.layers.N.self_attn.q_norm, k_norm.weight  (headDim): Qwen3
 * model.layers.N.post_attention_layernorm.weight  (hidden)
 * model.layers.N.mlp.gate_proj, up_proj           (feedForward, hidden)
 * model.layers.N.mlp.down_proj                    (hidden, feedForward)
 * model.norm.weight                               (hidden)
 * lm_head.weight                                  (vocabulary, hidden); absent: the embedding
 * </pre>
 */
final class HfModel {
    private HfModel() {}

    /** Whether the names are these. */
    static boolean recognises(Checkpoint checkpoint) {
        return checkpoint.tensors().containsKey("model.embed_tokens.weight")
                || checkpoint.tensors().containsKey("embed_tokens.weight");
    }

    static Decoder read(Checkpoint checkpoint, ModelConfig config) {
        TensorTable table = new TensorTable(checkpoint);
        String root = table.has("model.embed_tokens.weight") ? "model." : "";
        int hidden = config.hiddenSize();
        int headDim = config.headDim();
        int queries = Math.multiplyExact(config.heads(), headDim);
        int keys = Math.multiplyExact(config.kvHeads(), headDim);
        int inner = config.feedForward();

        Weights embedding = table.embedding(root + "embed_tokens.weight", hidden);
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            String layer = root + "layers." + i + ".";
            String attention = layer + "self_attn.";
            boolean headNorms = config.family().normalizesHeads();
            layers.add(
                    new Layer(
                            table.vector(layer + "input_layernorm.weight", hidden),
                            table.linear(attention + "q_proj", queries, hidden),
                            table.linear(attention + "k_proj", keys, hidden),
                            table.linear(attention + "v_proj", keys, hidden),
                            headNorms ? table.vector(attention + "q_norm.weight", headDim) : null,
                            headNorms ? table.vector(attention + "k_norm.weight", headDim) : null,
                            table.linear(attention + "o_proj", hidden, queries),
                            table.vector(layer + "post_attention_layernorm.weight", hidden),
                            table.linear(layer + "mlp.gate_proj", inner, hidden),
                            table.linear(layer + "mlp.up_proj", inner, hidden),
                            table.linear(layer + "mlp.down_proj", hidden, inner),
                            window(config, i)));
        }
        float[] norm = table.vector(root + "norm.weight", hidden);
        Linear head =
                table.has("lm_head.weight")
                        ? table.linear("lm_head", embedding.rows(), hidden)
                        : new Linear(embedding, null);
        table.refuseUnused();
        return new Decoder(
                config.architecture(),
                hidden,
                config.heads(),
                config.kvHeads(),
                headDim,
                inner,
                config.maxPositions(),
                (float) config.normEps(),
                RotaryFrequencies.of(
                        headDim,
                        config.rope().theta(),
                        config.rope().scaling(),
                        config.maxPositions()),
                RotaryLayout.HALF_SPLIT,
                embedding,
                layers,
                norm,
                head);
    }

    /**
     * How far a layer looks back: Mistral's window holds in every layer, Qwen's in those from
     * {@code max_window_layers} on, unless {@code layer_types} names them.
     */
    static int window(ModelConfig config, int layer) {
        if (config.slidingWindow().isEmpty()) return 0;
        int window = config.slidingWindow().get();
        if (config.family() == Family.MISTRAL) return window;
        List<JsonValue> types =
                config.json().array("layer_types").map(JsonArray::items).orElse(List.of());
        if (layer < types.size()) {
            boolean sliding =
                    types.get(layer) instanceof JsonString type
                            && type.value().equals("sliding_attention");
            return sliding ? window : 0;
        }
        long from = config.json().number("max_window_layers").flatMap(n -> n.asLong()).orElse(28L);
        return layer >= from ? window : 0;
    }
}
