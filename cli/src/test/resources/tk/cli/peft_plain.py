"""Small bases of every family with adapters that hold A and B alone, made by PEFT.

peft_plain.py FOLDER TOKENIZER    for each case FOLDER/CASE/{base,adapter}; TOKENIZER is copied into the bases
"""

import os
import shutil
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

SIZES = dict(
    vocab_size=8000, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, bos_token_id=1, eos_token_id=2)
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PATTERNS = dict(
    rank_pattern={r"layers\.0\..*q_proj": 5, "down_proj": 16}, alpha_pattern={"v_proj": 2.5, "k_proj": -3})
CASES = {
    "query_value": (LlamaConfig(**SIZES, tie_word_embeddings=True), dict(target_modules=["q_proj", "v_proj"])),
    "everything": (LlamaConfig(**SIZES, tie_word_embeddings=False, attention_bias=True), dict(
        target_modules=[*ALL, "embed_tokens", "lm_head"], lora_alpha=3, **PATTERNS)),
    "rank_stabilized": (LlamaConfig(**SIZES), dict(target_modules=ALL, use_rslora=True, lora_alpha=7, **PATTERNS)),
    "qwen2": (Qwen2Config(**SIZES, tie_word_embeddings=True), dict(target_modules=ALL, layers_to_transform=[1])),
    "qwen3": (Qwen3Config(**SIZES, head_dim=32), dict(target_modules="all-linear", use_rslora=True)),
    "mistral": (MistralConfig(**SIZES, head_dim=32), dict(target_modules=[*ALL, "embed_tokens"], **PATTERNS)),
}

root, vocabulary = sys.argv[1:]
for case, (config, settings) in CASES.items():
    torch.manual_seed(len(case))
    base = os.path.join(root, case, "base")
    model = AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.3)
    model.save_pretrained(base)
    shutil.copy(vocabulary, base)
    model = AutoModelForCausalLM.from_pretrained(base)
    trained = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
    for parameter in trained.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(0, 0.1)
    trained.save_pretrained(os.path.join(root, case, "adapter"))
