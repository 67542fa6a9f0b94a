package tk.convert.gguf;

import static tk.convert.gguf.TokenizerJsonParts.object;
import static tk.convert.gguf.TokenizerJsonParts.replace;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.GgufVocabulary.UnigramRules;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The {@code tokenizer.json} of a unigram vocabulary. transformers' own class for SentencePiece
 * models takes every one for BPE, so that a {@code tokenizer.model} alone would not do.
 */
final class UnigramTokenizer {
    private static final String SPACE = "\u2581";

    private final GgufVocabulary vocabulary;

    private UnigramTokenizer(GgufVocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /**
     * The file.
     *
     * @param unknown the id of the piece that stands for unknown characters
     * @param pieces how many tokens, from the first on, are the model's own
     */
    static JsonObject of(GgufVocabulary vocabulary, int unknown, int pieces) {
        return new UnigramTokenizer(vocabulary).json(unknown, pieces);
    }

    private JsonObject json(int unknown, int pieces) {
        List<Object> vocab = new ArrayList<>();
        for (Token token : vocabulary.tokens().subList(0, pieces)) {
            vocab.add(List.of(token.text(), (double) token.score()));
        }
        boolean bytes = vocabulary.tokens().stream().anyMatch(t -> t.type() == TokenType.BYTE);
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", JsonNull.NULL);
        json.put("padding", JsonNull.NULL);
        json.put("added_tokens", TokenizerJsonParts.addedTokens(vocabulary));
        json.put("normalizer", object("type", "Sequence", "normalizers", normalizers()));
        json.put("pre_tokenizer", JsonNull.NULL);
        json.put("post_processor", TokenizerJsonParts.template(vocabulary).orElse(JsonNull.NULL));
        json.put("decoder", object("type", "Sequence", "decoders", decoders(bytes)));
        json.put(
                "model",
                object(
                        "type",
                        "Unigram",
                        "unk_id",
                        unknown,
                        "vocab",
                        vocab,
                        "byte_fallback",
                        bytes));
        return (JsonObject) JsonValue.of(json);
    }

    /** In SentencePiece's order: the rule, then white space, then the space before the text. */
    private List<Object> normalizers() {
        UnigramRules rules = vocabulary.unigram().orElseThrow();
        List<Object> steps = new ArrayList<>();
        if (!rules.charsmap().isEmpty()) {
            String map = Base64.getEncoder().encodeToString(rules.charsmap().bytes());
            steps.add(object("type", "Precompiled", "precompiled_charsmap", map));
        }
        if (rules.removeExtraWhitespaces()) {
            steps.add(object("type", "Strip", "strip_left", true, "strip_right", true));
            steps.add(replace("Regex", " {2,}", " "));
        }
        if (addsSpace()) steps.add(object("type", "Prepend", "prepend", SPACE));
        steps.add(replace("String", " ", SPACE));
        return steps;
    }

    private List<Object> decoders(boolean bytes) {
        List<Object> steps = new ArrayList<>();
        steps.add(replace("String", SPACE, " "));
        if (bytes) steps.add(object("type", "ByteFallback"));
        steps.add(object("type", "Fuse"));
        if (addsSpace()) {
            steps.add(object("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        return steps;
    }

    private boolean addsSpace() {
        return vocabulary.addSpacePrefix().orElse(false);
    }
}
