package tk.tokenizer;

import static tk.tokenizer.TokenType.CONTROL;
import static tk.tokenizer.TokenType.NORMAL;
import static tk.tokenizer.TokenType.UNUSED;
import static tk.tokenizer.TokenType.USER_DEFINED;

import tk.error.MalformedException;
import tk.error.UsageException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.GgufVocabulary.Token;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The GGUF vocabulary of a Hugging Face tokenizer: the same tokens, scores, types, ids and keys
 * that convert_hf_to_gguf writes for it.
 *
 * @param vocabulary what goes into the GGUF
 * @param warnings what was left out or contradicts itself, a sentence each
 */
public record VocabularyConversion(GgufVocabulary vocabulary, List<String> warnings) {
    private static final float PADDING_SCORE = -10000;
    private static final float ADDED_SCORE = -1000;

    /** Copies the list. */
    public VocabularyConversion {
        warnings = List.copyOf(warnings);
    }

    /**
     * Converts a tokenizer.
     *
     * @param files the tokenizer
     * @param config the model's {@code config.json}
     * @param vocabSize rows of the embedding: ids without a token are padded, tokens beyond dropped
     */
    public static VocabularyConversion of(TokenizerFiles files, JsonObject config, int vocabSize) {
        if (files.model().isEmpty()) {
            throw new UsageException("no tokenizer", "Give one with --tokenizer.");
        }
        List<String> warnings = new ArrayList<>();
        SentencePieceModel model = SentencePieceModel.read(files.model().get());
        List<Token> tokens = sentencePieceTokens(model, files, vocabSize, warnings);
        checkDistinct(tokens);
        SpecialVocabulary special =
                new SpecialVocabulary(SpecialVocabulary.USUAL, OptionalInt.of(vocabSize), warnings);
        special.load(files, config);
        Optional<Boolean> addSpacePrefix =
                files.config().map(Json::readObject).flatMap(c -> c.bool("add_prefix_space"));
        GgufVocabulary vocabulary =
                new GgufVocabulary(
                        GgufVocabulary.SPM,
                        Optional.of("default"),
                        tokens,
                        true,
                        List.of(),
                        special.ids,
                        special.added,
                        addSpacePrefix,
                        special.normalizers,
                        special.chatTemplates);
        return new VocabularyConversion(vocabulary, warnings);
    }

    private static List<Token> sentencePieceTokens(
            SentencePieceModel model, TokenizerFiles files, int vocabSize, List<String> warnings) {
        Token[] tokens = new Token[vocabSize];
        for (int id = 0; id < vocabSize; id++) {
            tokens[id] = new Token("[PAD" + id + "]", PADDING_SCORE, UNUSED);
        }
        int pieces = model.pieces().size();
        for (int id = 0; id < Math.min(pieces, vocabSize); id++) {
            SentencePieceModel.Piece piece = model.pieces().get(id);
            // The original has no case for user-defined pieces, so they become ordinary ones.
            TokenType type = piece.type() == USER_DEFINED ? NORMAL : piece.type();
            tokens[id] = new Token(piece.text(), piece.score(), type);
        }
        if (pieces > vocabSize) {
            warnings.add(
                    "the tokenizer has %d pieces, the embedding %d rows: pieces from %d on are dropped"
                            .formatted(pieces, vocabSize, vocabSize));
        }
        files.addedTokens()
                .map(Json::readObject)
                .ifPresent(
                        added ->
                                added.members()
                                        .forEach(
                                                (text, id) -> {
                                                    set(
                                                            tokens,
                                                            id(id, text),
                                                            new Token(
                                                                    text,
                                                                    ADDED_SCORE,
                                                                    USER_DEFINED),
                                                            warnings);
                                                }));
        files.config()
                .map(Json::readObject)
                .flatMap(config -> config.object("added_tokens_decoder"))
                .ifPresent(
                        decoder ->
                                decoder.members()
                                        .forEach(
                                                (id, token) -> {
                                                    set(
                                                            tokens,
                                                            id(id),
                                                            addedToken(token, id),
                                                            warnings);
                                                }));
        return Arrays.asList(tokens);
    }

    private static Token addedToken(JsonValue value, String id) {
        if (!(value instanceof JsonObject token) || token.string("content").isEmpty()) {
            throw new MalformedException(
                    "tokenizer_config.json: added_tokens_decoder[\"%s\"] has no content"
                            .formatted(id));
        }
        String text = token.string("content").get();
        boolean special = token.get("special").equals(Optional.of(new JsonBoolean(true)));
        return special || looksSpecial(text)
                ? new Token(text, ADDED_SCORE, CONTROL)
                : new Token(text.replace(SentencePieceModel.SPACE, ' '), ADDED_SCORE, USER_DEFINED);
    }

    private static void set(Token[] tokens, long id, Token token, List<String> warnings) {
        if (id >= tokens.length) {
            warnings.add(
                    "added token %d \"%s\" is dropped: the embedding has %d rows"
                            .formatted(id, token.text(), tokens.length));
            return;
        }
        Token before = tokens[(int) id];
        if (before.type() != UNUSED && !before.text().equals(token.text())) {
            warnings.add(
                    "token %d \"%s\" is replaced by the added token \"%s\""
                            .formatted(id, before.text(), token.text()));
        }
        tokens[(int) id] = token;
    }

    private static long id(JsonValue value, String text) {
        if (value instanceof JsonNumber number && number.asLong().orElse(-1L) >= 0) {
            return number.asLong().get();
        }
        throw new MalformedException(
                "added_tokens.json: the id of \"%s\" is no whole number".formatted(text));
    }

    private static long id(String key) {
        try {
            long id = Long.parseLong(key);
            if (id >= 0) return id;
        } catch (NumberFormatException e) {
            // reported below
        }
        throw new MalformedException(
                "tokenizer_config.json: added_tokens_decoder has the key \"%s\", expected an id"
                        .formatted(key));
    }

    /**
     * Whether an added token is a control token although its file doesn't call it special: the
     * spellings that published models got wrong.
     */
    static boolean looksSpecial(String text) {
        return switch (text) {
            case "<pad>", "<mask>", "<2mass>", "[@BOS@]" -> true;
            default ->
                    (text.startsWith("<|") && text.endsWith("|>"))
                            || (text.startsWith("<\uff5c") && text.endsWith("\uff5c>"))
                            || (text.startsWith("<unused") && text.endsWith(">"));
        };
    }

    /** llama.cpp refuses a file in which two tokens have the same text. */
    private static void checkDistinct(List<Token> tokens) {
        Map<String, Integer> seen = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            Integer before = seen.putIfAbsent(tokens.get(id).text(), id);
            if (before != null) {
                throw new MalformedException(
                        "the tokens %d and %d are both \"%s\""
                                .formatted(before, id, tokens.get(id).text()),
                        "llama.cpp loads no such vocabulary: rename one of them in the tokenizer's files.");
            }
        }
    }
}
