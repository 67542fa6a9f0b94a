package tk.tokenizer;

import static tk.tokenizer.TokenType.CONTROL;
import static tk.tokenizer.TokenType.NORMAL;
import static tk.tokenizer.TokenType.UNUSED;
import static tk.tokenizer.TokenType.USER_DEFINED;

import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.GgufVocabulary.UnigramRules;
import tk.tokenizer.VocabularyConversion.Fidelity;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * A {@code tokenizer.model} of SentencePiece and the JSON files around it, as a GGUF vocabulary.
 */
final class SentencePieceConversion {
    private static final float PADDING_SCORE = -10000;
    private static final float ADDED_SCORE = -1000;

    private final SentencePieceModel model;
    private final TokenizerFiles files;
    private final JsonObject config;
    private final Token[] tokens;
    private final VocabularyConversion.Options options;
    private final List<String> warnings;

    SentencePieceConversion(
            TokenizerFiles files,
            JsonObject config,
            int vocabSize,
            VocabularyConversion.Options options,
            List<String> warnings) {
        this.model = SentencePieceModel.read(files.model().orElseThrow());
        this.files = files;
        this.config = config;
        this.tokens = new Token[vocabSize];
        this.options = options;
        this.warnings = warnings;
    }

    /**
     * The vocabulary.
     *
     * @param llama whether the model is of a family for which the original looks at {@code
     *     add_prefix_space}
     */
    GgufVocabulary convert(boolean llama) {
        boolean faithful = options.fidelity() == Fidelity.TO_THE_TOKENIZER;
        boolean unigram = model.algorithm() == SentencePieceModel.Algorithm.UNIGRAM;
        pieces(piece -> faithful && (unigram || isSymbol(piece)));
        addedTokens();
        SpecialVocabulary special =
                new SpecialVocabulary(
                        SpecialVocabulary.USUAL, OptionalInt.of(tokens.length), warnings);
        special.load(files, config);
        Optional<Boolean> addSpacePrefix =
                VocabularyConversion.tokenizerConfig(files)
                        .filter(settings -> llama)
                        .flatMap(settings -> settings.bool("add_prefix_space"));
        boolean prefix = model.normalizer().addDummyPrefix();
        if (model.whitespaceAsSuffix()) {
            warnings.add(
                    "the tokenizer has its spaces after the words: llama.cpp looks for them before words and gives other tokens");
        }
        if (faithful) {
            if (unigram || !prefix) addSpacePrefix = Optional.of(prefix);
            if (!unigram) saySpecial(special);
            tellOfNormalizer();
            if (unigram && model.byteFallback())
                warnings.add(
                        "the unigram tokenizer spells unknown characters in bytes: llama.cpp does not, and says <unk> for them");
        } else {
            if (unigram) {
                warnings.add(
                        "a unigram model in a vocabulary of type llama: llama.cpp merges by score and gives other tokens");
            }
            if (addSpacePrefix.orElse(true) != prefix) {
                warnings.add(
                        "the tokenizer puts %s space before the first word, llama.cpp will put %s"
                                .formatted(prefix ? "a" : "no", prefix ? "none" : "one"));
            }
        }
        Optional<UnigramRules> rules = Optional.empty();
        if (faithful && unigram) {
            rules =
                    Optional.of(
                            new UnigramRules(
                                    model.normalizer().removeExtraWhitespaces(),
                                    model.normalizer().charsmap()));
            // llama.cpp's defaults for t5 are not those of a decoder.
            special.ids.putIfAbsent("unk", model.unknownId());
            model.bosId().ifPresent(id -> special.ids.putIfAbsent("bos", id));
            model.eosId().ifPresent(id -> special.ids.putIfAbsent("eos", id));
            special.added.putIfAbsent("bos", special.ids.containsKey("bos"));
            special.added.putIfAbsent("eos", false);
        }
        return new GgufVocabulary(
                rules.isPresent() ? GgufVocabulary.UNIGRAM : GgufVocabulary.SPM,
                Optional.of("default"),
                Arrays.asList(tokens),
                true,
                List.of(),
                special.ids,
                special.added,
                addSpacePrefix,
                special.normalizers,
                special.chatTemplates,
                rules);
    }

    /**
     * What llama.cpp takes for granted where the file is silent, BOS 1, EOS 2 and a BOS before
     * every text, is said where the model has it otherwise. One without BOS or EOS gets {@code
     * <unk>} for it, which it never says: else its first ordinary pieces would begin and end texts.
     */
    private void saySpecial(SpecialVocabulary special) {
        int unknown = model.unknownId();
        if (unknown != 0) special.ids.putIfAbsent("unk", unknown);
        int bos = model.bosId().orElse(unknown);
        if (!special.ids.containsKey("bos") && bos != 1) {
            special.ids.put("bos", bos);
            if (model.bosId().isEmpty()) special.added.putIfAbsent("bos", false);
        }
        int eos = model.eosId().orElse(unknown);
        if (eos != 2) special.ids.putIfAbsent("eos", eos);
    }

    private void tellOfNormalizer() {
        SentencePieceNormalizer normalizer =
                new SentencePieceNormalizer(
                        model.normalizer(), model.whitespaceAsSuffix(), new Trie(1));
        String text = new String(normalizer.normalize(Utf8.bytes("AI")), StandardCharsets.UTF_8);
        if (text.contains("A")) return;
        warnings.add(
                "the tokenizer lower-cases its texts, llama.cpp and Ollama do not: give the model lower-case text, or its capital letters become bytes or <unk>");
    }

    /**
     * Whether llama.cpp makes one token of a user-defined piece only where it is told that it is
     * one: merging letters it arrives at no piece of several. Runs of spaces it does arrive at.
     */
    private static boolean isSymbol(SentencePieceModel.Piece piece) {
        String text = piece.text();
        return text.codePointCount(0, text.length()) > 1 && text.indexOf('\u2581') < 0;
    }

    private void pieces(Predicate<SentencePieceModel.Piece> keepUserDefined) {
        int pieces = model.pieces().size();
        for (int id = 0; id < tokens.length; id++) {
            if (id >= pieces) {
                tokens[id] = new Token("[PAD" + id + "]", PADDING_SCORE, UNUSED);
                continue;
            }
            SentencePieceModel.Piece piece = model.pieces().get(id);
            // The original has no case for user-defined pieces, so they become ordinary ones.
            boolean ordinary = piece.type() == USER_DEFINED && !keepUserDefined.test(piece);
            tokens[id] = new Token(piece.text(), piece.score(), ordinary ? NORMAL : piece.type());
        }
        if (pieces > tokens.length) {
            warnings.add(
                    "the tokenizer has %d pieces, the embedding %d rows: pieces from %d on are dropped"
                            .formatted(pieces, tokens.length, tokens.length));
        }
    }

    private void addedTokens() {
        files.addedTokens()
                .map(Json::readObject)
                .ifPresent(
                        added ->
                                added.members()
                                        .forEach(
                                                (text, id) ->
                                                        set(
                                                                id(id, text),
                                                                new Token(
                                                                        text,
                                                                        ADDED_SCORE,
                                                                        USER_DEFINED))));
        VocabularyConversion.tokenizerConfig(files)
                .flatMap(settings -> settings.object("added_tokens_decoder"))
                .ifPresent(
                        decoder ->
                                decoder.members()
                                        .forEach((id, token) -> set(id(id), added(token, id))));
    }

    private static Token added(JsonValue value, String id) {
        if (!(value instanceof JsonObject token) || token.string("content").isEmpty()) {
            throw new MalformedException(
                    "tokenizer_config.json: added_tokens_decoder[\"%s\"] has no content"
                            .formatted(id));
        }
        String text = token.string("content").get();
        boolean special =
                token.get("special").filter(SentencePieceConversion::isTruthy).isPresent();
        return special || VocabularyConversion.looksSpecial(text)
                ? new Token(text, ADDED_SCORE, CONTROL)
                : new Token(text.replace(SentencePieceModel.SPACE, ' '), ADDED_SCORE, USER_DEFINED);
    }

    /** Whether Python takes a value for true. */
    private static boolean isTruthy(JsonValue value) {
        return switch (value) {
            case JsonBoolean(boolean on) -> on;
            case JsonString(String text) -> !text.isEmpty();
            case JsonNumber number -> number.asDouble() != 0;
            case JsonArray(var items) -> !items.isEmpty();
            case JsonObject object -> !object.members().isEmpty();
            case JsonNull ignored -> false;
        };
    }

    private void set(long id, Token token) {
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

    /** The id that a key of added_tokens_decoder spells. */
    static long id(String key) {
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
}
