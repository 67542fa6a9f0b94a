"""Llama 1 as Meta released it, and as a Hugging Face folder: make_meta.py FOLDER

Writes FOLDER/meta/{1,2}/: one file and two shards in F16, tokenizer.model beside them, and FOLDER/hf.
"""

import json
import sys
from pathlib import Path

import sentencepiece
import torch
from transformers import LlamaConfig, LlamaForCausalLM

ROOT = Path(sys.argv[1])
DIM, HEADS, LAYERS, MULTIPLE = 64, 4, 2, 32
FEED_FORWARD = MULTIPLE * -(-int(2 * 4 * DIM / 3) // MULTIPLE)

meta = ROOT / "meta"
meta.mkdir(parents=True)
corpus = ROOT / "corpus.txt"
corpus.write_text("\n".join(f"bir {i} iki üç kâğıt güneş {i * i} deniz ağaç" for i in range(300)))
sentencepiece.SentencePieceTrainer.train(
    input=str(corpus), model_prefix=str(meta / "tokenizer"), vocab_size=340, model_type="bpe", byte_fallback=True,
    hard_vocab_limit=False, minloglevel=2)
(meta / "tokenizer.vocab").unlink()
rows = sentencepiece.SentencePieceProcessor(model_file=str(meta / "tokenizer.model")).vocab_size()

torch.manual_seed(1)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=rows, hidden_size=DIM, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
    num_attention_heads=HEADS, max_position_embeddings=2048, rms_norm_eps=1e-6, bos_token_id=1, eos_token_id=2))
for parameter in model.parameters():
    parameter.data.normal_(0, 0.3)
model = model.to(torch.float16)
model.config.dtype = torch.float16
model.save_pretrained(ROOT / "hf")


def pairs(weight):
    """Rows of a head from halves, which transformers rotates, to the pairs that Meta's code does."""
    return weight.view(HEADS, 2, DIM // HEADS // 2, DIM).transpose(1, 2).reshape(DIM, DIM)


state = model.state_dict()
frequencies = (1 / 10000 ** (torch.arange(0, DIM // HEADS, 2) / (DIM // HEADS))).half()
whole = {"tok_embeddings.weight": state["model.embed_tokens.weight"], "norm.weight": state["model.norm.weight"],
         "output.weight": state["lm_head.weight"], "rope.freqs": frequencies}
for i in range(LAYERS):
    ours, theirs = f"layers.{i}.", f"model.layers.{i}."
    for name, other in (("wq", "q"), ("wk", "k"), ("wv", "v"), ("wo", "o")):
        weight = state[theirs + f"self_attn.{other}_proj.weight"]
        whole[ours + f"attention.{name}.weight"] = pairs(weight) if other in "qk" else weight
    for name, other in (("w1", "gate"), ("w2", "down"), ("w3", "up")):
        whole[ours + f"feed_forward.{name}.weight"] = state[theirs + f"mlp.{other}_proj.weight"]
    whole[ours + "attention_norm.weight"] = state[theirs + "input_layernorm.weight"]
    whole[ours + "ffn_norm.weight"] = state[theirs + "post_attention_layernorm.weight"]
    whole[ours + "attention.inner_attention.rope.freqs"] = frequencies


def part(name, tensor, shard, shards):
    if tensor.dim() == 1:
        return tensor
    columns = name.startswith("tok_embeddings") or "wo." in name or "w2." in name
    return tensor.chunk(shards, 1 if columns else 0)[shard].contiguous()


for shards in (1, 2):
    folder = meta / str(shards)
    folder.mkdir()
    for shard in range(shards):
        torch.save({name: part(name, tensor, shard, shards) for name, tensor in whole.items()},
                   folder / f"consolidated.{shard:02d}.pth")
    (folder / "params.json").write_text(json.dumps({
        "dim": DIM, "multiple_of": MULTIPLE, "n_heads": HEADS, "n_layers": LAYERS, "norm_eps": 1e-06,
        "vocab_size": -1}))
