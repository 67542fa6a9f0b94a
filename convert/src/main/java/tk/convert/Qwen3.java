package tk.convert;

import static tk.convert.Extent.*;
import static tk.convert.TensorRule.Presence.*;

import tk.convert.FamilyTable.Trait;
import tk.convert.TensorRule.Rotation;
import tk.hf.Family;

/** Qwen 3: each query and key head is normalised before it is rotated. */
final class Qwen3 {
    static final FamilyTable TABLE =
            FamilyTable.of(Family.QWEN3, "qwen3")
                    .trait(Trait.HEAD_DIM)
                    .trait(Trait.NO_ATTENTION_BIASES)
                    .tensor(
                            "model.embed_tokens.weight",
                            "token_embd.weight",
                            REQUIRED,
                            VOCAB,
                            HIDDEN)
                    .layer(
                            "self_attn.q_proj.weight",
                            "attn_q.weight",
                            REQUIRED,
                            Rotation.QUERY,
                            QUERY,
                            HIDDEN)
                    .layer(
                            "self_attn.q_proj.bias",
                            "attn_q.bias",
                            ATTENTION_BIAS,
                            Rotation.QUERY,
                            QUERY)
                    .layer(
                            "self_attn.k_proj.weight",
                            "attn_k.weight",
                            REQUIRED,
                            Rotation.KEY,
                            KEY_VALUE,
                            HIDDEN)
                    .layer(
                            "self_attn.k_proj.bias",
                            "attn_k.bias",
                            ATTENTION_BIAS,
                            Rotation.KEY,
                            KEY_VALUE)
                    .layer("self_attn.v_proj.weight", "attn_v.weight", REQUIRED, KEY_VALUE, HIDDEN)
                    .layer("self_attn.v_proj.bias", "attn_v.bias", ATTENTION_BIAS, KEY_VALUE)
                    .layer("self_attn.o_proj.weight", "attn_output.weight", REQUIRED, HIDDEN, QUERY)
                    .layer("self_attn.o_proj.bias", "attn_output.bias", ATTENTION_BIAS, HIDDEN)
                    .layer("self_attn.q_norm.weight", "attn_q_norm.weight", REQUIRED, HEAD)
                    .layer("self_attn.k_norm.weight", "attn_k_norm.weight", REQUIRED, HEAD)
                    .layer(
                            "mlp.gate_proj.weight",
                            "ffn_gate.weight",
                            REQUIRED,
                            FEED_FORWARD,
                            HIDDEN)
                    .layer("mlp.up_proj.weight", "ffn_up.weight", REQUIRED, FEED_FORWARD, HIDDEN)
                    .layer(
                            "mlp.down_proj.weight",
                            "ffn_down.weight",
                            REQUIRED,
                            HIDDEN,
                            FEED_FORWARD)
                    .layer("input_layernorm.weight", "attn_norm.weight", REQUIRED, HIDDEN)
                    .layer("post_attention_layernorm.weight", "ffn_norm.weight", REQUIRED, HIDDEN)
                    .tensor("model.norm.weight", "output_norm.weight", REQUIRED, HIDDEN)
                    .tensor("lm_head.weight", "output.weight", UNTIED_HEAD, VOCAB, HIDDEN)
                    .build();

    private Qwen3() {}
}
