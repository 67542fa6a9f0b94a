"""Makes small random models of every family as Hugging Face folders: make_models.py FOLDER"""

import json
import sys
from pathlib import Path

import sentencepiece
import torch
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

ROOT = Path(sys.argv[1])
SIZES = dict(
    vocab_size=320, hidden_size=64, intermediate_size=96, num_hidden_layers=2,
    num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256,
    bos_token_id=1, eos_token_id=2)


def tokenizer(folder, pieces, **options):
    words = "bir iki üç dört beş altı yedi sekiz dokuz on kâğıt hâlâ güneş deniz ağaç şeker çocuk ".split()
    text = folder / "corpus.txt"
    text.write_text("\n".join(" ".join(words[(i * j) % len(words)] for j in range(1, 12)) for i in range(400))
                    + "\nabcçdefgğhıijklmnoöprsştuüvyz ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ 0123456789 .,;:!?")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), vocab_size=pieces, model_type="bpe",
        hard_vocab_limit=False, minloglevel=2, **options)
    text.unlink()
    (folder / "tokenizer.vocab").unlink()


def model(name, config, dtype=torch.float32, pieces=320, save={}, files={}, edit=None, **options):
    folder = ROOT / name
    folder.mkdir(parents=True)
    torch.manual_seed(len(name))
    made = AutoModelForCausalLM.from_config(config)
    for parameter in made.parameters():
        parameter.data.normal_(0, 0.3 if config.hidden_size < 256 else 0.15)
    made = made.to(dtype)
    made.config.dtype = dtype
    made.save_pretrained(folder, **save)
    tokenizer(folder, pieces, **options)
    for file, content in files.items():
        (folder / file).write_text(content if isinstance(content, str) else json.dumps(content))
    if edit:
        path = folder / "config.json"
        config = json.loads(path.read_text())
        edit(config)
        path.write_text(json.dumps(config, indent=2))


def old_spelling(config):
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = {"type": rope.pop("rope_type"), **rope}
    config.pop("head_dim", None)
    config["torch_dtype"] = config.pop("dtype")


CARD = """---
language:
- tr
- no
license: apache-2.0  # as the data
license_name: some-license
tags: [turkish, "llama, small"]
base_model:
- meta-llama/Llama-2-7b-hf
- https://huggingface.co/org/Base-1B-v0.1
- {name: Third, organization: Someone}
datasets: org/some-data
pipeline_tag: text-generation
model_creator: Birisi
version: v0.1
---
# Model
"""

model("gqa-wide-heads", LlamaConfig(**{**SIZES, "head_dim": 32}, tie_word_embeddings=False))
model("Tied-7B-chat-v1.5", LlamaConfig(**SIZES, tie_word_embeddings=True), torch.bfloat16)
model("biases", LlamaConfig(**SIZES, attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5), torch.float16)
model("llama3-rope", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=64)))
model("linear-old-spelling", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="linear", rope_theta=20000.0, factor=2.5)), edit=old_spelling)
model("linear", LlamaConfig(**SIZES, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)))
model("yarn-old-spelling", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=64)), edit=old_spelling)
model("yarn", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=64,
    attention_factor=1.25, beta_fast=30.0, beta_slow=2.0)))
model("dynamic", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="dynamic", rope_theta=10000.0, factor=2.0)), edit=old_spelling)
model("dynamic-new-spelling", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="dynamic", rope_theta=10000.0, factor=2.0)))
model("code", LlamaConfig(**SIZES, rope_parameters=dict(rope_type="default", rope_theta=1e6), rms_norm_eps=1e-5))
model("sharded", LlamaConfig(**SIZES), torch.bfloat16, save=dict(max_shard_size="60KB"))
model("mistral", MistralConfig(**{**SIZES, "max_position_embeddings": 512}, sliding_window=128))
model("qwen2", Qwen2Config(**SIZES, tie_word_embeddings=True, rope_parameters=dict(
    rope_type="yarn", rope_theta=1e6, factor=2.0, original_max_position_embeddings=128)), torch.bfloat16)
model("qwen3", Qwen3Config(**SIZES, head_dim=32), torch.bfloat16)
model("mistral-heads", MistralConfig(
    **{**SIZES, "head_dim": 32}, sliding_window=None, rope_parameters=dict(
        rope_type="yarn", rope_theta=1e6, factor=2.0, original_max_position_embeddings=128)), torch.bfloat16)
model("qwen3-tied", Qwen3Config(
    **{**SIZES, "num_key_value_heads": 4}, head_dim=16, tie_word_embeddings=True), torch.float16)
model("odd-columns", LlamaConfig(**{**SIZES, "intermediate_size": 88, "hidden_size": 48}), torch.bfloat16)
model("llama3-old-spelling", LlamaConfig(**SIZES, rope_parameters=dict(
    rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=2.0,
    original_max_position_embeddings=64)), edit=old_spelling)
model("card", LlamaConfig(**SIZES), files={
    "README.md": CARD,
    "generation_config.json": {
        "do_sample": True, "temperature": 0.6, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.1,
        "min_p": None, "eos_token_id": [2, 3]}})
model("added-tokens", LlamaConfig(**{**SIZES, "vocab_size": 330, "pad_token_id": 3}), files={
    "added_tokens.json": {"<|im_end|>": 321, "eklenmiş": 320},
    "tokenizer_config.json": {
        "add_bos_token": True, "add_eos_token": False, "add_prefix_space": True,
        "chat_template": "{{ bos_token }}{% for m in messages %}{{ m['content'] }}{% endfor %}",
        "added_tokens_decoder": {
            "0": {"content": "<unk>", "special": True}, "322": {"content": "<tool>", "special": False}}}})

WIDE = {**SIZES, "hidden_size": 256, "intermediate_size": 512}
model("wide-llama", LlamaConfig(**WIDE))
model("wide-qwen2", Qwen2Config(**WIDE, tie_word_embeddings=True))
model("wide-qwen3", Qwen3Config(**WIDE, head_dim=64))

# As torch.save leaves it: the order is the dict's, and a tied head is there twice.
folder = ROOT / "torch-bin"
folder.mkdir()
config = LlamaConfig(**SIZES, tie_word_embeddings=True)
config.architectures = ["LlamaForCausalLM"]
torch.manual_seed(5)
made = AutoModelForCausalLM.from_config(config)
torch.save(made.state_dict(), folder / "pytorch_model.bin")
config.save_pretrained(folder)
tokenizer(folder, 320)

# As folders were in the days of Alpaca: Llama 1, shards of torch.save with buffers in them, one token added.
folder = ROOT / "alpaca"
folder.mkdir()
config = LlamaConfig(**{**SIZES, "vocab_size": 321, "num_key_value_heads": 4}, rms_norm_eps=1e-6)
torch.manual_seed(6)
made = AutoModelForCausalLM.from_config(config)
for parameter in made.parameters():
    parameter.data.normal_(0, 0.3)
state = {name: value.half() for name, value in made.state_dict().items()}
for layer in range(2):
    state[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = 1 / 10000 ** (torch.arange(0, 16, 2) / 16)
names = sorted(state)
index = {}
for part, some in enumerate((names[:9], names[9:]), 1):
    file = f"pytorch_model-{part:05d}-of-00002.bin"
    torch.save({name: state[name] for name in some}, folder / file)
    index.update({name: file for name in some})
(folder / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {"total_size": 0}, "weight_map": index}))
(folder / "config.json").write_text(json.dumps({
    "architectures": ["LLaMAForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
    "hidden_size": 64, "initializer_range": 0.02, "intermediate_size": 96, "max_sequence_length": 256,
    "model_type": "llama", "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 0,
    "rms_norm_eps": 1e-06, "torch_dtype": "float16", "transformers_version": "4.27.0.dev0", "use_cache": True,
    "vocab_size": 321}))
tokenizer(folder, 320)
(folder / "added_tokens.json").write_text(json.dumps({"[PAD]": 320}))
(folder / "special_tokens_map.json").write_text(json.dumps({"bos_token": "</s>", "pad_token": "[PAD]"}))
(folder / "tokenizer_config.json").write_text(json.dumps({
    "bos_token": "", "eos_token": "", "model_max_length": 512, "padding_side": "right",
    "special_tokens_map_file": "special_tokens_map.json", "tokenizer_class": "LlamaTokenizer", "unk_token": ""}))
