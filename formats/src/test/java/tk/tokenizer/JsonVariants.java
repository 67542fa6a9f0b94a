package tk.tokenizer;

import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.testing.Shared;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;

/** tokenizer.json files of the kinds that models come with. */
final class JsonVariants {
    private JsonVariants() {}

    /** By name. */
    static SequencedMap<String, Supplier<JsonObject>> all() {
        SequencedMap<String, Supplier<JsonObject>> all = new LinkedHashMap<>();
        all.put("llama3", JsonVariants::llama3);
        all.put(
                "qwen2",
                () ->
                        llama3().with("normalizer", json("type", "NFC"))
                                .with("pre_tokenizer", qwen2()));
        all.put("gpt2", () -> llama3().with("pre_tokenizer", byteLevel(true, true)));
        all.put("smollm", () -> llama3().with("pre_tokenizer", smollm()));
        all.put("added", JsonVariants::added);
        all.put("llama2", () -> sentencePiece("llama2like_1k", true, prepend(), JsonNull.NULL));
        all.put(
                "metaspace first",
                () ->
                        sentencePiece(
                                "llama2like_1k", true, JsonNull.NULL, metaspace("first", false)));
        all.put(
                "metaspace always",
                () -> sentencePiece("tr_bpe8k_bf", true, JsonNull.NULL, metaspace("always", true)));
        all.put(
                "precompiled",
                () ->
                        sentencePiece(
                                "tr_bpe8k",
                                false,
                                precompiled("tr_bpe8k"),
                                metaspace("always", true)));
        return all;
    }

    static JsonObject llama3() {
        return Json.readObject(Shared.path("fixtures/llama3/tok/tokenizer.json"));
    }

    static JsonValue qwen2() {
        return json(
                "type",
                "Sequence",
                "pretokenizers",
                List.of(
                        json(
                                "type",
                                "Split",
                                "pattern",
                                json(
                                        "Regex",
                                        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
                                "behavior",
                                "Removed",
                                "invert",
                                true),
                        byteLevel(false, false)));
    }

    static JsonValue smollm() {
        return json(
                "type",
                "Sequence",
                "pretokenizers",
                List.of(json("type", "Digits", "individual_digits", true), byteLevel(false, true)));
    }

    static JsonObject byteLevel(boolean prefixSpace, boolean regex) {
        return json(
                "type",
                "ByteLevel",
                "add_prefix_space",
                prefixSpace,
                "trim_offsets",
                true,
                "use_regex",
                regex);
    }

    /** Added tokens of every kind, in a model with a normalizer. */
    private static JsonObject added() {
        List<JsonValue> tokens =
                new ArrayList<>(llama3().array("added_tokens").orElseThrow().items());
        tokens.add(token(1856, "<mask>", true, false, false, true, true));
        tokens.add(token(1857, "tool", false, false, true, false, false));
        tokens.add(token(1858, "[big]", false, true, false, false, false));
        tokens.add(token(1859, "<|x", false, false, false, false, true));
        return llama3().with("added_tokens", JsonValue.of(tokens))
                .with(
                        "normalizer",
                        json(
                                "type",
                                "Sequence",
                                "normalizers",
                                List.of(
                                        json("type", "NFKC"),
                                        json("type", "Lowercase"),
                                        json(
                                                "type",
                                                "Strip",
                                                "strip_left",
                                                true,
                                                "strip_right",
                                                true))));
    }

    private static JsonObject token(
            int id,
            String content,
            boolean special,
            boolean normalized,
            boolean singleWord,
            boolean lstrip,
            boolean rstrip) {
        return json(
                "id", id,
                "content", content,
                "single_word", singleWord,
                "lstrip", lstrip,
                "rstrip", rstrip,
                "normalized", normalized,
                "special", special);
    }

    private static JsonValue prepend() {
        return json(
                "type",
                "Sequence",
                "normalizers",
                List.of(
                        json("type", "Prepend", "prepend", "\u2581"),
                        json(
                                "type", "Replace",
                                "pattern", json("String", " "),
                                "content", "\u2581")));
    }

    private static JsonValue precompiled(String model) {
        byte[] map =
                SentencePieceModel.read(Shared.path("fixtures/tokenizers/" + model + ".model"))
                        .normalizer()
                        .charsmap()
                        .bytes();
        return json(
                "type",
                "Sequence",
                "normalizers",
                List.of(
                        json(
                                "type",
                                "Precompiled",
                                "precompiled_charsmap",
                                Base64.getEncoder().encodeToString(map)),
                        json(
                                "type", "Replace",
                                "pattern", json("Regex", " {2,}"),
                                "content", " ")));
    }

    private static JsonValue metaspace(String scheme, boolean split) {
        return json(
                "type",
                "Metaspace",
                "replacement",
                "\u2581",
                "prepend_scheme",
                scheme,
                "split",
                split);
    }

    /** What transformers makes of a SentencePiece model: merges from the pieces' order. */
    static JsonObject sentencePiece(
            String name, boolean byteFallback, JsonValue normalizer, JsonValue preTokenizer) {
        SentencePieceModel model =
                SentencePieceModel.read(Shared.path("fixtures/tokenizers/" + name + ".model"));
        SequencedMap<String, Object> vocab = new LinkedHashMap<>();
        List<Object> added = new ArrayList<>();
        List<Object> merges = new ArrayList<>();
        for (int id = 0; id < model.pieces().size(); id++) {
            vocab.put(model.pieces().get(id).text(), id);
        }
        for (int id = 0; id < 3; id++) {
            added.add(token(id, model.pieces().get(id).text(), true, false, false, false, false));
        }
        model.pieces().stream()
                .filter(piece -> piece.type() == TokenType.NORMAL)
                .sorted((a, b) -> Float.compare(b.score() + 0f, a.score() + 0f))
                .forEach(
                        piece -> {
                            String text = piece.text();
                            for (int i = 1; i < text.length(); i++) {
                                String left = text.substring(0, i);
                                String right = text.substring(i);
                                if (vocab.containsKey(left) && vocab.containsKey(right)) {
                                    merges.add(List.of(left, right));
                                }
                            }
                        });
        List<Object> decoders = new ArrayList<>();
        decoders.add(json("type", "Replace", "pattern", json("String", "\u2581"), "content", " "));
        if (byteFallback) decoders.add(json("type", "ByteFallback"));
        decoders.add(json("type", "Fuse"));
        decoders.add(json("type", "Strip", "content", " ", "start", 1, "stop", 0));
        return json(
                "version",
                "1.0",
                "truncation",
                JsonNull.NULL,
                "padding",
                JsonNull.NULL,
                "added_tokens",
                added,
                "normalizer",
                normalizer,
                "pre_tokenizer",
                preTokenizer,
                "post_processor",
                JsonNull.NULL,
                "decoder",
                json("type", "Sequence", "decoders", decoders),
                "model",
                json(
                        "type",
                        "BPE",
                        "dropout",
                        JsonNull.NULL,
                        "unk_token",
                        "<unk>",
                        "continuing_subword_prefix",
                        JsonNull.NULL,
                        "end_of_word_suffix",
                        JsonNull.NULL,
                        "fuse_unk",
                        true,
                        "byte_fallback",
                        byteFallback,
                        "ignore_merges",
                        false,
                        "vocab",
                        vocab,
                        "merges",
                        merges));
    }

    /** An object of names and values. */
    static JsonObject json(Object... namesAndValues) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.put((String) namesAndValues[i], JsonValue.of(namesAndValues[i + 1]));
        }
        return new JsonObject(members);
    }
}
