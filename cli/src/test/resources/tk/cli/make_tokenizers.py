"""Makes tiny models with tokenizers of every kind, and the ids their libraries give: make_tokenizers.py FOLDER

Each model's folder gets ids.json: [[TEXT, IDS], ...] by sentencepiece for a tokenizer.model, by tokenizers otherwise.
"""

import json
import sys
from pathlib import Path

import sentencepiece
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoModelForCausalLM, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

ROOT = Path(sys.argv[1])
ROOT.mkdir(parents=True)
WORDS = ("bir iki üç dört beş altı yedi sekiz dokuz on kâğıt hâlâ güneş deniz ağaç şeker çocuk the quick brown fox don't "
         "we'll 12345 ﬁne Ⅷ x+y==z naïve İstanbul IĞDIR").split()
LINES = [" ".join(WORDS[(i * j + i) % len(WORDS)] for j in range(1, 12)) for i in range(400)]
LINES += ["abcçdefgğhıijklmnoöprsştuüvyz ABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ 0123456789 "
          ".,;:!?()[]{}<>#@&*-_=+/\\|'\"`~^%$€"] * 3
TEXTS = [
    "", " ", "  ", "merhaba dünya", " lead", "trail ", "a  b   c", "tab\tand\nnew\r\nline\n\n\n", "don't WE'LL",
    "12345 3.14 1,000", "İSTANBUL ıĞDIR ğüşöç", "ﬁne Ⅷ ½ ² ㎏ ﷺ", "e\u0301 é \u200b\u200d x", "🙂👨‍👩‍👧 ok", "日本語 中文 한국어",
    "\u00a0nbsp\u3000wide", "<s>x</s>", "<|im_start|>user\nhi<|im_end|>", "xtoolx tool x tool", "a<mask>b <mask> b",
    "[BİG] [big] [BIG]", "▁under ▁▁", "<0x41> <0xE2>", "\x00nul\x07", "a" * 100, "ab " * 30, "camelCaseHTTPServer",
    "x==y!=z->w", "<sym>mid<sym> ⟨u⟩x", "new line\n next", "ûî ÂÊ", "ﾊﾝｶｸ ＡＢＣ", "\u1e9b\u0323", "😀😀😀", "á\u0327",
    "ǅ ǆ", "ışık IŞIK", " <|x|> ", "é" * 50]


def sizes(vocabulary, **settings):
    return {**dict(vocab_size=vocabulary, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
                   num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128, bos_token_id=1,
                   eos_token_id=2), **settings}


def save(folder, config, encode, files):
    torch.manual_seed(len(folder.name))
    AutoModelForCausalLM.from_config(config).to(torch.bfloat16).save_pretrained(folder)
    for file, content in files.items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    (folder / "ids.json").write_text(json.dumps([[text, encode(text)] for text in TEXTS]), encoding="utf-8")


def piece_model(name, kind="bpe", pieces=520, files={}, rows=None, family=LlamaConfig, settings={}, **options):
    folder = ROOT / name
    folder.mkdir()
    text = folder / "corpus.txt"
    text.write_text("\n".join(LINES), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), vocab_size=pieces, model_type=kind,
        hard_vocab_limit=False, minloglevel=2, **options)
    text.unlink()
    (folder / "tokenizer.vocab").unlink()
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    save(folder, family(**sizes(rows or processor.vocab_size(), **settings)), processor.encode, files)


NAMED = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"}


def json_model(name, tokenizer, files={"tokenizer_config.json": NAMED}, padding=0, family=LlamaConfig, settings={},
               edit=None, rows=None):
    folder = ROOT / name
    folder.mkdir()
    made = json.loads(tokenizer.to_str())
    if edit:
        edit(made)
    (folder / "tokenizer.json").write_text(json.dumps(made), encoding="utf-8")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    rows = rows or max(tokenizer.get_vocab().values()) + 1 + padding
    save(folder, family(**sizes(rows, **settings)),
         lambda text: tokenizer.encode(text, add_special_tokens=False).ids, files)


# SentencePiece
BYTES = dict(byte_fallback=True)
piece_model("user-symbols", "unigram", 300, user_defined_symbols=["<sym>", "⟨u⟩", "tool"])
piece_model("unigram-bytes", "unigram", normalization_rule_name="identity", add_dummy_prefix=False,
            remove_extra_whitespaces=False, **BYTES)
piece_model("odd-ids", pieces=300, unk_id=2, bos_id=0, eos_id=1, pad_id=3, control_symbols=["<ctl>"],
            user_defined_symbols=["<sym>"], settings=dict(bos_token_id=0, eos_token_id=1, pad_token_id=3))
piece_model("no-bos", pieces=300, bos_id=-1, normalization_rule_name="nfkc_cf", remove_extra_whitespaces=False,
            settings=dict(bos_token_id=None))
piece_model("suffix", pieces=300, treat_whitespace_as_suffix=True)
piece_model("unigram-folded", "unigram", 300, normalization_rule_name="nmt_nfkc_cf")
piece_model("digits", split_digits=True, allow_whitespace_only_pieces=True, normalization_rule_name="identity", **BYTES)
rule = ROOT.parent / "rule.tsv"
rule.write_text("41\t61\n49\t131\n130\t69\n65 301\t65\n")
piece_model("own-rule", pieces=300, normalization_rule_tsv=str(rule))
piece_model("across-words", pieces=300, split_by_whitespace=False, split_by_unicode_script=False, split_by_number=False)
piece_model("several-eos", settings=dict(eos_token_id=[2, 5, 7], pad_token_id=0), files={
    "generation_config.json": {"eos_token_id": [2, 5], "temperature": 0.7, "top_k": 20, "do_sample": True},
    "tokenizer_config.json": {"add_bos_token": False, "add_eos_token": True, "bos_token": None,
                              "eos_token": {"content": "</s>", "lstrip": False, "__type": "AddedToken"}}}, **BYTES)
piece_model("files-disagree", rows=530, files={
    "added_tokens.json": {"<|im_start|>": 520, "<|im_end|>": 521, "▁odd": 523},
    "tokenizer_config.json": {
        "add_bos_token": True, "add_prefix_space": False, "unk_token": "<unk>", "pad_token": "<|im_end|>",
        "chat_template": "{{ 'x' }}", "added_tokens_decoder": {
            "521": {"content": "<|im_end|>", "special": False}, "522": {"content": "<tool>", "special": "yes"},
            "300": {"content": "swapped", "special": False}, "9999": {"content": "far", "special": True}}},
    "tokenizer.json": {
        "version": "1.0", "added_tokens": [
            {"id": 1, "content": "<s>", "special": True}, {"id": 400, "content": "</s>", "special": True},
            {"id": 522, "content": "<|im_end|>", "special": True}],
        "normalizer": {"type": "Sequence", "normalizers": [{"type": "StripAccents"}, {"type": "Lowercase"}]},
        "post_processor": {"type": "TemplateProcessing", "single": [
            {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}], "pair": []},
        "model": {"type": "BPE", "vocab": {}, "merges": []}},
    "special_tokens_map.json": {"bos_token": "<s>", "pad_token": {"content": "<pad>"}}}, **BYTES)
piece_model("codellama", rows=32016, files={"tokenizer_config.json": {"tokenizer_class": "CodeLlamaTokenizer"}}, **BYTES)
piece_model("as-mistral", family=MistralConfig, rows=521, settings=dict(sliding_window=None), **BYTES)
piece_model("as-qwen2", family=Qwen2Config, rows=533, files={"tokenizer_config.json": {
    "add_prefix_space": True,
    "chat_template": [{"name": "default", "template": "a"}, {"name": "rag x", "template": "b"}]}}, **BYTES)
piece_model("silent-config", family=Qwen3Config, settings=dict(head_dim=20), files={
    "tokenizer_config.json": {}, "chat_template.jinja": "J\r\n{{x}}", "chat_template.json": {"chat_template": "C"},
    "additional_chat_templates/tool_use.jinja": "T"}, **BYTES)
piece_model("templates", files={
    "tokenizer_config.json": {"model_max_length": 128}, "chat_template.jinja": "J\r\n{{x}}",
    "chat_template.json": {"chat_template": "C"}, "additional_chat_templates/tool_use.jinja": "T"}, **BYTES)
piece_model("null-template", files={
    "tokenizer_config.json": {"chat_template": None}, "chat_template.json": {"chat_template": "C\n"}}, **BYTES)
piece_model("empty-template", files={
    "tokenizer_config.json": {"add_bos_token": "true", "chat_template": ""},
    "README.md": "---\nlicense: [mit, apache-2.0]\nlanguage: tr\nbase_model: a/b-7b\nname: Adı Güzel\n---\n"}, **BYTES)

# tokenizer.json, byte-level
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN = LLAMA3.replace("{1,3}", "")


def steps(*several):
    return pre_tokenizers.Sequence(list(several))


def split(regex, behavior="isolated"):
    return pre_tokenizers.Split(Regex(regex), behavior)


def characters(regex=False, prefix=False):
    return pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=regex)


def byte_level(pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=420, special_tokens=["<unk>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return tokenizer


def with_flags(tokenizer):
    tokenizer.add_special_tokens([
        AddedToken("<mask>", lstrip=True, normalized=False), AddedToken("<|im_end|>", rstrip=True, normalized=True)])
    tokenizer.add_tokens([
        AddedToken("tool", single_word=True, normalized=False), AddedToken("[big]", normalized=True),
        AddedToken("<|x|>", normalized=False), AddedToken("▁under", normalized=False),
        AddedToken("new line", normalized=True, lstrip=True, rstrip=True)])
    return tokenizer


def llama3(**options):
    return byte_level(steps(split(LLAMA3), characters()), **options)


def ignore_merges(made):
    made["model"]["ignore_merges"] = True


def old_merges(made):
    ignore_merges(made)
    made["model"]["merges"] = [" ".join(pair) for pair in made["model"]["merges"]]


def fewer_merges(made):
    ignore_merges(made)
    made["model"]["merges"] = made["model"]["merges"][::2]


json_model("flags", with_flags(llama3()))
json_model("flags-folded", with_flags(llama3(
    normalizer=normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()]))))
json_model("ignore-merges", llama3(), edit=ignore_merges)
json_model("old-merges", llama3(), edit=old_merges)
json_model("fewer-merges", llama3(), edit=fewer_merges)
json_model("as-qwen3", byte_level(steps(split(QWEN), characters()), normalizer=normalizers.NFC()),
           family=Qwen3Config, settings=dict(head_dim=16), padding=3)
json_model("smollm", byte_level(steps(pre_tokenizers.Digits(individual_digits=True), characters(regex=True))),
           rows=49152)
both = llama3()
both.post_processor = processors.TemplateProcessing(
    single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
json_model("bos-and-eos", both, files={"tokenizer_config.json": {
    "bos_token": "<s>", "eos_token": "<unk>", "tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False}})
json_model("no-config", both, files={})
PLAIN = {"lstrip": False, "rstrip": False, "single_word": False}
json_model("added-decoder", llama3(), padding=6, files={"tokenizer_config.json": {**NAMED, "added_tokens_decoder": {
    "0": {"content": "<unk>", "special": True}, "1": {"content": "<s>", "special": True},
    "2": {"content": "</s>", "special": True},
    "420": {"content": "<|new|>", "special": False, "normalized": False, **PLAIN},
    "421": {"content": "yeni", "special": False, "normalized": True, **PLAIN}}}})
json_model("many-normalizers", byte_level(characters(regex=True), normalizer=normalizers.Sequence([
    normalizers.NFD(), normalizers.StripAccents(), normalizers.Replace(Regex(r"\d"), "0"), normalizers.Strip(),
    normalizers.Prepend("x "), normalizers.Lowercase()])))

# tokenizer.json that llama.cpp has no pre-tokenizer for
json_model("unknown-prefix", byte_level(characters(regex=True, prefix=True)))
for behavior in ("removed", "merged_with_previous", "merged_with_next", "contiguous"):
    json_model("unknown-" + behavior, byte_level(steps(split(r"[^\w\s]", behavior), characters(regex=True))))
json_model("unknown-classes", byte_level(steps(split(r"\w+|[[:punct:]]|\h"), characters())))
json_model("unknown-words", byte_level(
    steps(pre_tokenizers.Whitespace(), pre_tokenizers.Punctuation(), characters(regex=True))))


# tokenizer.json in SentencePiece's manner
def metaspace(scheme, split=True, fallback=True):
    tokenizer = Tokenizer(models.BPE(byte_fallback=fallback, unk_token="<unk>", fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    fallbacks = [f"<0x{i:02X}>" for i in range(256)] if fallback else []
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=304 + len(fallbacks), special_tokens=["<unk>", "<s>", "</s>"] + fallbacks))
    strip = 0 if scheme == "never" else 1
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", strip, 0)])
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = made["added_tokens"][:3]
    return Tokenizer.from_str(json.dumps(made))


json_model("metaspace-first", metaspace("first"))
json_model("metaspace-always", metaspace("always"), files={"tokenizer_config.json": {
    "bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "LlamaTokenizer"}})
json_model("metaspace-never", metaspace("never"))
json_model("metaspace-flags", with_flags(metaspace("first", split=False)), files={"tokenizer_config.json": {
    **NAMED, "unk_token": "<unk>", "add_prefix_space": False, "additional_special_tokens": ["<|im_end|>"]}})
json_model("unknown-metaspace", metaspace("always", fallback=False))
