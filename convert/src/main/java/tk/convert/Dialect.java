package tk.convert;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A way of naming the tensors of a LLaMA-like model: what each is called, in terms of Hugging Face
 * names, and how the rows of its query and key projections are ordered.
 *
 * @param name what to call it to a person
 * @param rotary how RoPE pairs the values of a head
 * @param embedding its name for the token embedding: what its names begin with elsewhere is a
 *     prefix
 * @param hfNames Hugging Face name by own name; {@code {n}} stands for the layer's number
 */
public record Dialect(String name, Rotary rotary, String embedding, Map<String, String> hfNames) {
    /** Which two values of a head RoPE rotates together. */
    public enum Rotary {
        /** Values i and i + head_dim/2: Hugging Face. */
        HALVES,
        /** Values 2i and 2i+1: Meta, and llama.cpp for the families of Meta's making. */
        PAIRS
    }

    /** Meta's own release, llama2.c, and models written after the paper. */
    static final Dialect META =
            new Dialect(
                    "Meta",
                    Rotary.PAIRS,
                    "tok_embeddings.weight",
                    table(
                            "tok_embeddings.weight", "model.embed_tokens.weight",
                            "norm.weight", "model.norm.weight",
                            "output.weight", "lm_head.weight",
                            "layers.{n}.attention_norm.weight", "input_layernorm.weight",
                            "layers.{n}.attention.wq.weight", "self_attn.q_proj.weight",
                            "layers.{n}.attention.wk.weight", "self_attn.k_proj.weight",
                            "layers.{n}.attention.wv.weight", "self_attn.v_proj.weight",
                            "layers.{n}.attention.wo.weight", "self_attn.o_proj.weight",
                            "layers.{n}.attention.wq.bias", "self_attn.q_proj.bias",
                            "layers.{n}.attention.wk.bias", "self_attn.k_proj.bias",
                            "layers.{n}.attention.wv.bias", "self_attn.v_proj.bias",
                            "layers.{n}.attention.wo.bias", "self_attn.o_proj.bias",
                            "layers.{n}.ffn_norm.weight", "post_attention_layernorm.weight",
                            "layers.{n}.feed_forward.w1.weight", "mlp.gate_proj.weight",
                            "layers.{n}.feed_forward.w3.weight", "mlp.up_proj.weight",
                            "layers.{n}.feed_forward.w2.weight", "mlp.down_proj.weight"));

    /** torchtune's checkpoints. */
    static final Dialect TORCHTUNE =
            new Dialect(
                    "torchtune",
                    Rotary.PAIRS,
                    "tok_embeddings.weight",
                    table(
                            "tok_embeddings.weight", "model.embed_tokens.weight",
                            "norm.scale", "model.norm.weight",
                            "output.weight", "lm_head.weight",
                            "layers.{n}.sa_norm.scale", "input_layernorm.weight",
                            "layers.{n}.attn.q_proj.weight", "self_attn.q_proj.weight",
                            "layers.{n}.attn.k_proj.weight", "self_attn.k_proj.weight",
                            "layers.{n}.attn.v_proj.weight", "self_attn.v_proj.weight",
                            "layers.{n}.attn.output_proj.weight", "self_attn.o_proj.weight",
                            "layers.{n}.mlp_norm.scale", "post_attention_layernorm.weight",
                            "layers.{n}.mlp.w1.weight", "mlp.gate_proj.weight",
                            "layers.{n}.mlp.w3.weight", "mlp.up_proj.weight",
                            "layers.{n}.mlp.w2.weight", "mlp.down_proj.weight"));

    /** Copies the map. */
    public Dialect {
        hfNames = Map.copyOf(hfNames);
    }

    /** Hugging Face's own names in this family, without the {@code model.} they begin with. */
    static Dialect huggingFace(FamilyTable family) {
        Map<String, String> names = new LinkedHashMap<>();
        for (TensorRule rule : family.tensors()) {
            String hf = rule.hf();
            names.put(hf.startsWith("model.") ? hf.substring("model.".length()) : hf, hf);
        }
        return new Dialect("Hugging Face", Rotary.HALVES, "embed_tokens.weight", names);
    }

    /** GGUF's names in this family, and the row order that llama.cpp wants there. */
    static Dialect gguf(FamilyTable family) {
        Map<String, String> names = new LinkedHashMap<>();
        for (TensorRule rule : family.tensors()) names.put(rule.gguf(), rule.hf());
        Rotary rotary = family.interleaved() ? Rotary.PAIRS : Rotary.HALVES;
        return new Dialect("GGUF", rotary, "token_embd.weight", names);
    }

    /** Every dialect in which a checkpoint of this family may be named. */
    static List<Dialect> of(FamilyTable family) {
        return List.of(huggingFace(family), META, TORCHTUNE, gguf(family));
    }

    /**
     * The Hugging Face name, still with {@code {n}}, of a tensor that this dialect calls so.
     *
     * @param template a name whose layer number was replaced by {@code {n}}
     */
    Optional<String> hfName(String template) {
        return Optional.ofNullable(hfNames.get(template));
    }

    /** Pairs of names; a Hugging Face name for a layer's tensor is given without its beginning. */
    private static Map<String, String> table(String... pairs) {
        Map<String, String> names = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            boolean layer = pairs[i].contains(TensorRule.LAYER);
            names.put(pairs[i], layer ? "model.layers.{n}." + pairs[i + 1] : pairs[i + 1]);
        }
        return names;
    }
}
