"""Small bases and adapters made, and merged, by PEFT itself; and tk's merges compared with them.

peft_merges.py make FOLDER      for each case FOLDER/CASE/{base,adapter,peft}
peft_merges.py compare FOLDER   FOLDER/CASE/tk against FOLDER/CASE/peft
"""

import json
import os
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")

import torch
from safetensors.torch import load_file

ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
BOTH = ["embed_tokens", "lm_head"]
F32, F16, BF16 = torch.float32, torch.float16, torch.bfloat16

# (dtype, tied, tokens after resizing, LoraConfig); 200 tokens before
CASES = {
    "patterns": (F16, False, 200, dict(
        target_modules=ALL, use_rslora=True, lora_alpha=7,
        rank_pattern={r"layers\.0\..*q_proj": 5, "down_proj": 16}, alpha_pattern={"v_proj": 2.5, "k_proj": -3})),
    "dora": (F16, False, 200, dict(target_modules=ALL, use_dora=True)),
    "dora_embedding": (BF16, False, 200, dict(target_modules=["embed_tokens", "lm_head"], use_dora=True)),
    "embedding": (BF16, False, 200, dict(target_modules=["embed_tokens", "q_proj"])),
    "tied_embedding_and_head": (F16, True, 200, dict(target_modules=BOTH)),
    "saved_whole": (BF16, True, 200, dict(target_modules=ALL, modules_to_save=["lm_head"])),
    "enlarged": (F32, False, 208, dict(target_modules=ALL, modules_to_save=BOTH)),
    "enlarged_tied": (BF16, True, 208, dict(target_modules=ALL, modules_to_save=["embed_tokens"])),
    "enlarged_rows": (F32, True, 208, dict(target_modules=ALL, trainable_token_indices=[201, 3])),
    "enlarged_embedding": (F32, False, 208, dict(target_modules=["q_proj", *BOTH])),
    "made_smaller": (F16, True, 190, dict(target_modules=["q_proj"])),
    "ends_of_names": (F32, False, 200, dict(target_modules=["q_proj"], modules_to_save=["norm", "p_proj"])),
}


def load(path, tokens):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(path, dtype="auto")
    if tokens != model.config.vocab_size:
        model.resize_token_embeddings(tokens, mean_resizing=False)
    return model


def make(folder, dtype, tied, tokens, config):
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    base, adapter, merged = (os.path.join(folder, name) for name in ("base", "adapter", "peft"))
    model = LlamaForCausalLM(LlamaConfig(
        hidden_size=64, intermediate_size=112, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=200, max_position_embeddings=64, tie_word_embeddings=tied)).to(dtype)
    model.save_pretrained(base)
    trained = get_peft_model(load(base, tokens), LoraConfig(task_type="CAUSAL_LM", **config))
    for parameter in trained.parameters():
        if parameter.requires_grad:
            parameter.data += (torch.randn(parameter.shape) / 20).to(parameter.dtype)
    trained.save_pretrained(adapter, save_embedding_layers=tokens != 200)
    PeftModel.from_pretrained(load(base, tokens), adapter).merge_and_unload().save_pretrained(merged)


def compare(case, folder):
    theirs, ours = (load_file(os.path.join(folder, name, "model.safetensors")) for name in ("peft", "tk"))
    assert theirs.keys() == ours.keys(), (case, theirs.keys() ^ ours.keys())
    for name, tensor in theirs.items():
        # In F32 a matrix product is the machine's to order.
        near = tensor.dtype == F32 and torch.allclose(tensor, ours[name], rtol=0, atol=1e-6)
        assert near or torch.equal(tensor, ours[name]), (case, name)
    theirs, ours = (json.load(open(os.path.join(folder, name, "config.json"))) for name in ("peft", "tk"))
    for key in ("tie_word_embeddings", "vocab_size", "dtype"):
        assert theirs.get(key) == ours.get(key), (case, key, theirs.get(key), ours.get(key))


what, root = sys.argv[1:]
for case, settings in CASES.items():
    if what == "make":
        make(os.path.join(root, case), *settings)
    else:
        compare(case, os.path.join(root, case))
print(what, len(CASES), "cases")
