package tk.convert;

import tk.hf.ModelConfig;
import tk.tensor.Shape;

import java.util.List;

/**
 * One tensor of a family, or the same tensor of every layer: its name on both sides, its shape, and
 * when it must be there. {@code {n}} in a name stands for the layer's number.
 *
 * @param hf name in a Hugging Face folder, such as {@code model.layers.{n}.self_attn.q_proj.weight}
 * @param gguf name in a GGUF file, such as {@code blk.{n}.attn_q.weight}
 * @param extents its shape, outermost first
 * @param presence when the model has it
 * @param rotation whose heads its rows are, where RoPE rotates them
 */
public record TensorRule(
        String hf, String gguf, List<Extent> extents, Presence presence, Rotation rotation) {
    /** Stands for the layer's number in a name. */
    static final String LAYER = "{n}";

    /** When a model has a tensor. */
    public enum Presence {
        /** Always. */
        REQUIRED,
        /** Where {@code attention_bias} is set. */
        ATTENTION_BIAS,
        /** Where {@code mlp_bias} is set. */
        MLP_BIAS,
        /** Unless the head shares the embedding's values. */
        UNTIED_HEAD
    }

    /** Which heads RoPE rotates in a tensor's rows. */
    public enum Rotation {
        /** None. */
        NONE,
        /** The query heads. */
        QUERY,
        /** The key heads. */
        KEY
    }

    /** Copies the list. */
    public TensorRule {
        extents = List.copyOf(extents);
    }

    /** Whether every layer has one. */
    public boolean isPerLayer() {
        return hf.contains(LAYER);
    }

    /** The Hugging Face name in layer {@code layer}; the layer is ignored where there is none. */
    public String hfName(int layer) {
        return hf.replace(LAYER, Integer.toString(layer));
    }

    /** The GGUF name in layer {@code layer}; the layer is ignored where there is none. */
    public String ggufName(int layer) {
        return gguf.replace(LAYER, Integer.toString(layer));
    }

    /** The shape it has in a model of this configuration. */
    public Shape shape(ModelConfig config) {
        return new Shape(extents.stream().mapToLong(extent -> extent.in(config)).toArray());
    }

    /** How many heads its rows hold; only where RoPE rotates them. */
    public int heads(ModelConfig config) {
        return switch (rotation) {
            case QUERY -> config.heads();
            case KEY -> config.kvHeads();
            case NONE -> throw new IllegalStateException(hf + " is not rotated");
        };
    }
}
