package tk.convert.gguf;

import static tk.convert.gguf.TokenizerJsonParts.isAdded;
import static tk.convert.gguf.TokenizerJsonParts.object;
import static tk.convert.gguf.TokenizerJsonParts.split;

import tk.error.MalformedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.PreTokenizerSteps;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * The {@code tokenizer.json} of a byte-level BPE vocabulary, as the {@code tokenizers} library
 * writes it.
 *
 * <p>A GGUF file names the pre-tokenizer; what the name stands for is given here in the spelling of
 * the models that it was made for.
 */
final class ByteLevelTokenizer {
    private final GgufVocabulary vocabulary;

    private final PreTokenizerSteps pre;

    private ByteLevelTokenizer(GgufVocabulary vocabulary) {
        this.vocabulary = vocabulary;
        this.pre = PreTokenizerSteps.of(vocabulary.pre().orElse("default"));
    }

    /**
     * The file.
     *
     * @throws tk.error.UnsupportedException where the pre-tokenizer's name is unknown
     */
    static JsonObject of(GgufVocabulary vocabulary) {
        return new ByteLevelTokenizer(vocabulary).json();
    }

    private JsonObject json() {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", JsonNull.NULL);
        json.put("padding", JsonNull.NULL);
        json.put("added_tokens", TokenizerJsonParts.addedTokens(vocabulary));
        json.put("normalizer", normalizer());
        json.put("pre_tokenizer", preTokenizer());
        json.put("post_processor", postProcessor());
        json.put("decoder", byteLevel(true, true, true));
        json.put("model", model());
        return (JsonObject) JsonValue.of(json);
    }

    private Object preTokenizer() {
        List<String> splits = pre.expressions();
        if (pre.endsAsGpt2()) splits = splits.subList(0, splits.size() - 1);
        List<Object> steps = new ArrayList<>();
        for (String regex : splits) steps.add(split(regex));
        steps.add(byteLevel(false, true, pre.endsAsGpt2()));
        return steps.size() == 1
                ? steps.getFirst()
                : object("type", "Sequence", "pretokenizers", steps);
    }

    /**
     * How many tokens, from the first on, the model itself must hold. The library gives an added
     * token that isn't there the next free id, so only those at the end may be missing.
     */
    private int ownTokens() {
        List<Token> tokens = vocabulary.tokens();
        int own = tokens.size();
        while (own > 0 && tokens.get(own - 1).type() == TokenType.UNUSED) own--;
        while (own > 0 && isAdded(tokens.get(own - 1))) own--;
        return own;
    }

    private Object model() {
        SequencedMap<String, Object> vocab = new LinkedHashMap<>();
        List<Token> own = vocabulary.tokens().subList(0, ownTokens());
        for (int id = 0; id < own.size(); id++) {
            Token token = own.get(id);
            if (vocab.putIfAbsent(token.text(), id) != null) {
                throw new MalformedException(
                        "tokenizer.ggml.tokens: \"%s\" is there twice".formatted(token.text()));
            }
        }
        List<Object> merges = new ArrayList<>();
        for (String merge : vocabulary.merges()) {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw new MalformedException(
                        "tokenizer.ggml.merges: \"%s\": expected two parts with a space between"
                                .formatted(merge));
            }
            merges.add(List.of(merge.substring(0, space), merge.substring(space + 1)));
        }
        return object(
                "type",
                "BPE",
                "dropout",
                JsonNull.NULL,
                "unk_token",
                JsonNull.NULL,
                "continuing_subword_prefix",
                JsonNull.NULL,
                "end_of_word_suffix",
                JsonNull.NULL,
                "fuse_unk",
                false,
                "byte_fallback",
                false,
                "ignore_merges",
                pre.ignoresMerges(),
                "vocab",
                vocab,
                "merges",
                merges);
    }

    private Object normalizer() {
        List<Object> steps = new ArrayList<>();
        vocabulary
                .normalizers()
                .forEach(
                        (name, on) -> {
                            if (!on) return;
                            steps.add(
                                    switch (name) {
                                        case "nfc" -> object("type", "NFC");
                                        case "lowercase" -> object("type", "Lowercase");
                                        default -> object("type", "StripAccents");
                                    });
                        });
        if (steps.isEmpty()) return JsonNull.NULL;
        return steps.size() == 1
                ? steps.getFirst()
                : object("type", "Sequence", "normalizers", steps);
    }

    private Object postProcessor() {
        return TokenizerJsonParts.template(vocabulary)
                .map(
                        template ->
                                object(
                                        "type",
                                        "Sequence",
                                        "processors",
                                        List.of(byteLevel(true, false, true), template)))
                .orElseGet(() -> byteLevel(false, false, false));
    }

    private static SequencedMap<String, Object> byteLevel(
            boolean prefix, boolean trim, boolean regex) {
        return object(
                "type",
                "ByteLevel",
                "add_prefix_space",
                prefix,
                "trim_offsets",
                trim,
                "use_regex",
                regex);
    }
}
