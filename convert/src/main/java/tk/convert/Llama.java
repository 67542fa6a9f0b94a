package tk.convert;

import static tk.convert.Extent.*;
import static tk.convert.TensorRule.Presence.*;

import tk.convert.FamilyTable.Trait;
import tk.convert.TensorRule.Rotation;
import tk.hf.Family;

/**
 * LLaMA 1, 2, 3, 3.1 and 3.2, and everything built like them: TinyLlama, CodeLlama, SmolLM,
 * home-trained ones.
 */
final class Llama {
    static final FamilyTable TABLE =
            FamilyTable.of(Family.LLAMA, "llama")
                    .interleaved()
                    .trait(Trait.HEAD_DIM)
                    .trait(Trait.VOCAB_SIZE_AND_ROPE_DIMENSION)
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
                    .layer(
                            "mlp.gate_proj.weight",
                            "ffn_gate.weight",
                            REQUIRED,
                            FEED_FORWARD,
                            HIDDEN)
                    .layer("mlp.gate_proj.bias", "ffn_gate.bias", MLP_BIAS, FEED_FORWARD)
                    .layer("mlp.up_proj.weight", "ffn_up.weight", REQUIRED, FEED_FORWARD, HIDDEN)
                    .layer("mlp.up_proj.bias", "ffn_up.bias", MLP_BIAS, FEED_FORWARD)
                    .layer(
                            "mlp.down_proj.weight",
                            "ffn_down.weight",
                            REQUIRED,
                            HIDDEN,
                            FEED_FORWARD)
                    .layer("mlp.down_proj.bias", "ffn_down.bias", MLP_BIAS, HIDDEN)
                    .layer("input_layernorm.weight", "attn_norm.weight", REQUIRED, HIDDEN)
                    .layer("post_attention_layernorm.weight", "ffn_norm.weight", REQUIRED, HIDDEN)
                    .tensor("model.norm.weight", "output_norm.weight", REQUIRED, HIDDEN)
                    .tensor("lm_head.weight", "output.weight", UNTIED_HEAD, VOCAB, HIDDEN)
                    .build();

    private Llama() {}
}
