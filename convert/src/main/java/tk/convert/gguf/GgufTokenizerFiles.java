package tk.convert.gguf;

import static java.nio.charset.StandardCharsets.UTF_8;

import tk.error.UnsupportedException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.SentencePieceWriter;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A Hugging Face tokenizer made from a GGUF file's vocabulary: files by name, as transformers looks
 * for them.
 *
 * <p>Converted to GGUF again, they give the same tokens, scores, types and ids.
 */
public final class GgufTokenizerFiles {
    /** The score that a converter gives to tokens that are not the model's own. */
    private static final float ADDED_SCORE = -1000;

    private final GgufVocabulary vocabulary;
    private final int maxPositions;
    private final SequencedMap<String, byte[]> files = new LinkedHashMap<>();

    private GgufTokenizerFiles(GgufVocabulary vocabulary, int maxPositions) {
        this.vocabulary = vocabulary;
        this.maxPositions = maxPositions;
    }

    /**
     * The files.
     *
     * @param maxPositions what the model's context holds
     * @throws UnsupportedException where the vocabulary's algorithm has no equal there
     */
    public static SequencedMap<String, byte[]> of(GgufVocabulary vocabulary, int maxPositions) {
        GgufTokenizerFiles made = new GgufTokenizerFiles(vocabulary, maxPositions);
        switch (vocabulary.model()) {
            case GgufVocabulary.SPM -> made.sentencePiece();
            case GgufVocabulary.BPE -> made.byteLevel();
            case GgufVocabulary.UNIGRAM -> made.unigram();
            default ->
                    throw new UnsupportedException(
                            "tokenizer.ggml.model \"%s\": no Hugging Face tokenizer can be made of it"
                                    .formatted(vocabulary.model()),
                            "Give the original tokenizer with --tokenizer.");
        }
        return made.files;
    }

    private void sentencePiece() {
        int used = used();
        int pieces = pieces(used);
        files.put("tokenizer.model", SentencePieceWriter.write(vocabulary, pieces));
        SequencedMap<String, Object> config = common("LlamaTokenizer");
        putSentencePieceSettings(config, used);
        put("tokenizer_config.json", (JsonObject) JsonValue.of(config));
    }

    private void unigram() {
        int used = used();
        int pieces = pieces(used);
        files.put("tokenizer.model", SentencePieceWriter.write(vocabulary, pieces));
        int unknown = SentencePieceWriter.unknownId(vocabulary, pieces);
        put("tokenizer.json", UnigramTokenizer.of(vocabulary, unknown, pieces));
        SequencedMap<String, Object> config = common("PreTrainedTokenizerFast");
        putSentencePieceSettings(config, used);
        put("tokenizer_config.json", (JsonObject) JsonValue.of(config));
    }

    /** How many tokens there are before those that only fill the vocabulary up. */
    private int used() {
        int used = vocabulary.tokens().size();
        while (used > 0 && isPadding(used - 1)) used--;
        return used;
    }

    /** How many of them are the model's own, and not added to it. */
    private int pieces(int used) {
        int pieces = used;
        while (pieces > 0 && isAdded(vocabulary.tokens().get(pieces - 1))) pieces--;
        return pieces;
    }

    private void putSentencePieceSettings(SequencedMap<String, Object> config, int used) {
        vocabulary.addSpecial().forEach((name, on) -> config.put("add_" + name + "_token", on));
        SequencedMap<String, JsonValue> added = new LinkedHashMap<>();
        for (int id = 0; id < used; id++) {
            if (isAdded(vocabulary.tokens().get(id))) {
                added.put(Integer.toString(id), addedToken(id));
            }
        }
        if (!added.isEmpty()) config.put("added_tokens_decoder", added);
        vocabulary.addSpacePrefix().ifPresent(on -> config.put("add_prefix_space", on));
    }

    private void byteLevel() {
        put("tokenizer.json", ByteLevelTokenizer.of(vocabulary));
        SequencedMap<String, Object> config = common("PreTrainedTokenizerFast");
        config.put("model_input_names", List.of("input_ids", "attention_mask"));
        put("tokenizer_config.json", (JsonObject) JsonValue.of(config));
    }

    private boolean isPadding(int id) {
        Token token = vocabulary.tokens().get(id);
        return token.type() == TokenType.UNUSED && token.text().equals("[PAD" + id + "]");
    }

    private static boolean isAdded(Token token) {
        return token.score() == ADDED_SCORE
                && (token.type() == TokenType.CONTROL || token.type() == TokenType.USER_DEFINED);
    }

    private JsonValue addedToken(int id) {
        Token token = vocabulary.tokens().get(id);
        SequencedMap<String, Object> fields = new LinkedHashMap<>();
        fields.put("content", token.text());
        fields.put("lstrip", false);
        fields.put("normalized", false);
        fields.put("rstrip", false);
        fields.put("single_word", false);
        fields.put("special", token.type() == TokenType.CONTROL);
        return JsonValue.of(fields);
    }

    /** What every tokenizer's configuration says. */
    private SequencedMap<String, Object> common(String tokenizerClass) {
        SequencedMap<String, Object> config = new LinkedHashMap<>();
        config.put("tokenizer_class", tokenizerClass);
        for (String name : List.of("bos", "eos", "unk", "pad")) {
            vocabulary
                    .specialId(name)
                    .ifPresent(
                            id -> config.put(name + "_token", vocabulary.tokens().get(id).text()));
        }
        config.put("clean_up_tokenization_spaces", false);
        config.put("model_max_length", maxPositions);
        putTemplates(config);
        return config;
    }

    private void putTemplates(SequencedMap<String, Object> config) {
        if (vocabulary.chatTemplates().named().isEmpty()) {
            vocabulary
                    .chatTemplates()
                    .main()
                    .ifPresent(template -> config.put("chat_template", template));
            return;
        }
        List<Map<String, String>> templates = new ArrayList<>();
        vocabulary
                .chatTemplates()
                .main()
                .ifPresent(text -> templates.add(template("default", text)));
        vocabulary
                .chatTemplates()
                .named()
                .forEach((name, text) -> templates.add(template(name, text)));
        config.put("chat_template", templates);
    }

    private static Map<String, String> template(String name, String text) {
        SequencedMap<String, String> template = new LinkedHashMap<>();
        template.put("name", name);
        template.put("template", text);
        return template;
    }

    private void put(String name, JsonObject json) {
        files.put(name, (JsonText.PRETTY.write(json) + "\n").getBytes(UTF_8));
    }
}
