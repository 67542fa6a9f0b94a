package tk.convert;

import static tk.convert.Extent.*;
import static tk.convert.TensorRule.Presence.*;

import tk.convert.TensorRule.Rotation;
import tk.hf.Family;

/** Qwen 1.5, 2 and 2.5: always a bias on query, key and value, none on the output. */
final class Qwen2 {
    static final FamilyTable TABLE =
            FamilyTable.of(Family.QWEN2, "qwen2")
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
                    .layer("self_attn.q_proj.bias", "attn_q.bias", REQUIRED, Rotation.QUERY, QUERY)
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
                            REQUIRED,
                            Rotation.KEY,
                            KEY_VALUE)
                    .layer("self_attn.v_proj.weight", "attn_v.weight", REQUIRED, KEY_VALUE, HIDDEN)
                    .layer("self_attn.v_proj.bias", "attn_v.bias", REQUIRED, KEY_VALUE)
                    .layer("self_attn.o_proj.weight", "attn_output.weight", REQUIRED, HIDDEN, QUERY)
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

    private Qwen2() {}
}
