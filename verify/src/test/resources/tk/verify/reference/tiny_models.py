"""Makes tiny random models of every family and rotary scaling with transformers, and their logits.

usage: tiny_models.py FOLDER. Writes FOLDER/NAME/{config.json,model.safetensors,expected.safetensors}.
"""
import os
import sys

import torch
from safetensors.torch import save_file
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

SIZES = dict(
    vocab_size=96,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
)


def rope(rope_type, **settings):
    return dict(rope_parameters=dict(rope_type=rope_type, rope_theta=10000.0, **settings))


MODELS = {
    "llama": (LlamaConfig, LlamaForCausalLM, {}),
    "biases": (LlamaConfig, LlamaForCausalLM, dict(attention_bias=True, mlp_bias=True)),
    "wide_heads": (LlamaConfig, LlamaForCausalLM, dict(head_dim=12)),
    "linear": (LlamaConfig, LlamaForCausalLM, rope("linear", factor=3.0)),
    "dynamic": (LlamaConfig, LlamaForCausalLM, rope("dynamic", factor=2.0)),
    "llama3": (
        LlamaConfig,
        LlamaForCausalLM,
        rope(
            "llama3",
            factor=8.0,
            low_freq_factor=1.0,
            high_freq_factor=4.0,
            original_max_position_embeddings=32,
        ),
    ),
    "yarn": (
        LlamaConfig,
        LlamaForCausalLM,
        rope("yarn", factor=4.0, original_max_position_embeddings=16),
    ),
    "yarn_options": (
        LlamaConfig,
        LlamaForCausalLM,
        rope(
            "yarn",
            factor=4.0,
            original_max_position_embeddings=32,
            beta_fast=4.0,
            beta_slow=0.5,
            mscale=0.7,
            mscale_all_dim=1.3,
        ),
    ),
    "longrope": (
        LlamaConfig,
        LlamaForCausalLM,
        rope(
            "longrope",
            factor=2.0,
            original_max_position_embeddings=32,
            short_factor=[1.0, 1.1, 1.2, 1.3],
            long_factor=[2.0, 3.0, 4.0, 5.0],
        ),
    ),
    "mistral": (MistralConfig, MistralForCausalLM, dict(sliding_window=9)),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM, {}),
    "qwen2_window": (
        Qwen2Config,
        Qwen2ForCausalLM,
        dict(use_sliding_window=True, sliding_window=9, max_window_layers=1),
    ),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, dict(head_dim=12)),
}

for name, (config, model, settings) in MODELS.items():
    torch.manual_seed(len(name))
    folder = os.path.join(sys.argv[1], name)
    m = model(config(**SIZES, **settings, attn_implementation="eager")).eval()
    with torch.no_grad():
        for parameter in m.parameters():
            # Wide enough that attention is far from uniform; biases and norms random too.
            wide = 2 / parameter.shape[-1] ** 0.5 if parameter.dim() > 1 else 0.3
            parameter.copy_(torch.randn_like(parameter) * wide + (parameter.dim() == 1))
        m.save_pretrained(folder)
        expected = {}
        for i, length in enumerate((1, 20, 50, 100)):
            ids = torch.randint(0, SIZES["vocab_size"], (length,))
            expected[f"ids.{i}"] = ids
            expected[f"logits.{i}"] = m(ids[None]).logits[0].contiguous()
        save_file(expected, os.path.join(folder, "expected.safetensors"))
