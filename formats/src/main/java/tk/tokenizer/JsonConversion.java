package tk.tokenizer;

import static tk.tokenizer.TokenType.BYTE;
import static tk.tokenizer.TokenType.CONTROL;
import static tk.tokenizer.TokenType.NORMAL;
import static tk.tokenizer.TokenType.UNUSED;
import static tk.tokenizer.TokenType.USER_DEFINED;

import tk.error.MalformedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.AddedTokens.AddedToken;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.MergeTable.Merge;
import tk.tokenizer.VocabularyConversion.Fidelity;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** A {@code tokenizer.json} and the JSON files around it, as a GGUF vocabulary. */
final class JsonConversion {
    private static final float PLACEHOLDER_SCORE = -1000;

    /** Classes of transformers that take everything from the files. */
    private static final Set<String> GENERAL =
            Set.of("PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend");

    private static final Pattern BYTE_NAME = Pattern.compile("<0x[0-9A-Fa-f]{2}>");

    private final TokenizerJson tokenizer;
    private final TokenizerFiles files;
    private final JsonObject config;
    private final int vocabSize;
    private final VocabularyConversion.Options options;
    private final List<String> warnings;
    private final JsonObject settings;

    JsonConversion(
            TokenizerJson tokenizer,
            TokenizerFiles files,
            JsonObject config,
            int vocabSize,
            VocabularyConversion.Options options,
            List<String> warnings) {
        this.tokenizer = tokenizer;
        this.files = files;
        this.config = config;
        this.vocabSize = vocabSize;
        this.options = options;
        this.warnings = warnings;
        this.settings =
                VocabularyConversion.tokenizerConfig(files)
                        .orElse(new JsonObject(new java.util.LinkedHashMap<>()));
    }

    /**
     * The vocabulary.
     *
     * @param llama whether the model is of a family whose tokenizer.json may be SentencePiece's in
     *     disguise
     */
    GgufVocabulary convert(boolean llama) {
        if (tokenizer.size() > vocabSize) {
            throw new MalformedException(
                    "tokenizer.json has ids up to %d, the embedding %d rows"
                            .formatted(tokenizer.size() - 1, vocabSize),
                    "Give the tokenizer the model was trained with.");
        }
        return llama && isSentencePieceLike() ? sentencePieceLike() : byteLevel(llama);
    }

    private boolean isSentencePieceLike() {
        JsonObject model = tokenizer.json().object("model").orElseThrow();
        return model.bool("byte_fallback").orElse(false)
                && tokenizer
                        .json()
                        .object("decoder")
                        .flatMap(decoder -> decoder.string("type"))
                        .equals(Optional.of("Sequence"));
    }

    private GgufVocabulary byteLevel(boolean llama) {
        String pre = options.pre().orElseGet(() -> PreTokenizerNames.of(tokenizer));
        GgufPreTokenizers.named(Optional.of(pre)); // a name that llama.cpp refuses is refused here
        Map<Integer, AddedToken> added = addedTokens();
        Map<Integer, String> texts = new HashMap<>();
        tokenizer.vocabulary().forEach((text, id) -> texts.put(id, text));
        added.forEach((id, token) -> texts.put(id, token.content()));
        List<Token> tokens = new ArrayList<>(vocabSize);
        for (int id = 0; id < vocabSize; id++) {
            String text = texts.get(id);
            AddedToken token = added.get(id);
            if (text == null) tokens.add(new Token("[PAD" + id + "]", 0, UNUSED));
            else if (token == null) tokens.add(new Token(text, 0, NORMAL));
            else tokens.add(added(token));
        }
        SpecialVocabulary special =
                new SpecialVocabulary(SpecialVocabulary.USUAL, OptionalInt.empty(), warnings);
        special.load(files, config);
        dropIdsBeyond(special);
        return new GgufVocabulary(
                GgufVocabulary.BPE,
                Optional.of(pre),
                tokens,
                false,
                tokenizer.merges().stream().map(JsonConversion::spelled).toList(),
                special.ids,
                special.added,
                addSpacePrefix(llama),
                special.normalizers,
                special.chatTemplates);
    }

    /** llama.cpp ignores an id that no token has. */
    private void dropIdsBeyond(SpecialVocabulary special) {
        special.ids
                .entrySet()
                .removeIf(
                        entry -> {
                            boolean beyond = entry.getValue() >= vocabSize;
                            if (beyond) {
                                warnings.add(
                                        "%s_token_id %d is left out: the vocabulary has %d tokens"
                                                .formatted(
                                                        entry.getKey(),
                                                        entry.getValue(),
                                                        vocabSize));
                            }
                            return beyond;
                        });
    }

    private Optional<Boolean> addSpacePrefix(boolean llama) {
        return llama ? settings.bool("add_prefix_space") : Optional.empty();
    }

    /** llama.cpp looks for added tokens in the text as it is written. */
    private Token added(AddedToken token) {
        String text = token.content();
        if (!token.normalized()) {
            text = tokenizer.decodeAll(tokenizer.encode(text, Tokenizer.Specials.PARSE));
        }
        return token.special() || VocabularyConversion.looksSpecial(text)
                ? new Token(text, 0, CONTROL)
                : new Token(text.replace(SentencePieceModel.SPACE, ' '), 0, USER_DEFINED);
    }

    /** The added tokens by id: tokenizer.json's, and those that tokenizer_config.json adds. */
    private Map<Integer, AddedToken> addedTokens() {
        Map<Integer, AddedToken> added = new TreeMap<>();
        for (AddedToken token : tokenizer.addedTokens()) added.put(token.id(), token);
        settings.object("added_tokens_decoder")
                .ifPresent(
                        decoder ->
                                decoder.members()
                                        .forEach(
                                                (key, value) -> {
                                                    long id = SentencePieceConversion.id(key);
                                                    if (id < vocabSize
                                                            && id >= tokenizer.size()
                                                            && value instanceof JsonObject token) {
                                                        added.put(
                                                                (int) id,
                                                                AddedToken.parse(
                                                                        token.with(
                                                                                "id",
                                                                                JsonValue.of(id)),
                                                                        "tokenizer_config.json: added_tokens_decoder"));
                                                    }
                                                }));
        return added;
    }

    /** A merge as GGUF spells it: a space inside a part is written Ġ. */
    private static String spelled(Merge merge) {
        return merge.left().replace(' ', '\u0120') + " " + merge.right().replace(' ', '\u0120');
    }

    private GgufVocabulary sentencePieceLike() {
        boolean faithful = options.fidelity() == Fidelity.TO_THE_TOKENIZER;
        Set<String> special = namedTokens();
        Map<Integer, String> texts = new HashMap<>();
        tokenizer.vocabulary().forEach((text, id) -> texts.put(id, text));
        Map<String, Float> scores = faithful ? scores() : Map.of();
        int own = tokenizer.vocabulary().size();
        List<Token> tokens = new ArrayList<>(vocabSize);
        for (int id = 0; id < own; id++) {
            String text = texts.get(id);
            if (text == null) {
                throw new MalformedException(
                        "tokenizer.json: model.vocab has %d tokens, but none with the id %d"
                                .formatted(own, id));
            }
            TokenType type = special.contains(text) ? CONTROL : NORMAL;
            if (BYTE_NAME.matcher(text).matches()) type = BYTE;
            tokens.add(new Token(text, scores.getOrDefault(text, PLACEHOLDER_SCORE), type));
        }
        addedTokens()
                .forEach(
                        (id, token) -> {
                            if (id < own) return;
                            TokenType type =
                                    special.contains(token.content()) ? CONTROL : USER_DEFINED;
                            tokens.add(new Token(token.content(), PLACEHOLDER_SCORE, type));
                        });
        for (int id = tokens.size(); id < vocabSize; id++) {
            tokens.add(new Token("[PAD" + id + "]", PLACEHOLDER_SCORE, UNUSED));
        }
        if (!faithful) {
            warnings.add(
                    "tokenizer.json has no scores: all are -1000, so that llama.cpp merges from left to right and gives other tokens");
        }
        SpecialVocabulary surroundings =
                new SpecialVocabulary(
                        SpecialVocabulary.USUAL, OptionalInt.of(tokens.size()), warnings);
        surroundings.load(files, config);
        Optional<Boolean> addSpacePrefix = addSpacePrefix(true);
        if (faithful) addSpacePrefix = Optional.of(putsSpaceFirst());
        return new GgufVocabulary(
                GgufVocabulary.SPM,
                Optional.of("default"),
                tokens,
                true,
                List.of(),
                surroundings.ids,
                surroundings.added,
                addSpacePrefix,
                surroundings.normalizers,
                surroundings.chatTemplates);
    }

    /** Scores by which llama.cpp merges in the order of the merges. */
    private Map<String, Float> scores() {
        Map<String, Float> scores = new HashMap<>();
        List<Merge> merges = tokenizer.merges();
        for (int rank = 0; rank < merges.size(); rank++) {
            scores.putIfAbsent(merges.get(rank).left() + merges.get(rank).right(), (float) -rank);
        }
        float last = -merges.size();
        tokenizer.vocabulary().keySet().forEach(text -> scores.putIfAbsent(text, last));
        return scores;
    }

    private boolean putsSpaceFirst() {
        int[] ids = tokenizer.encode("a", Tokenizer.Specials.AS_TEXT);
        return ids.length > 0
                && tokenizer.piece(ids[0]).startsWith(String.valueOf(SentencePieceModel.SPACE));
    }

    /** The texts of the tokens with a role: bos, eos and the like. */
    private Set<String> namedTokens() {
        // A class of transformers' own knows these three without being told.
        boolean general = settings.string("tokenizer_class").filter(GENERAL::contains).isPresent();
        Set<String> named = new HashSet<>(general ? Set.of() : Set.of("<unk>", "<s>", "</s>"));
        Optional<JsonObject> map = files.specialTokensMap().map(Json::readObject);
        for (JsonObject source : List.of(map.orElse(settings), settings)) {
            for (String role : SpecialVocabulary.USUAL) {
                source.get(role + "_token")
                        .flatMap(SpecialVocabulary::content)
                        .ifPresent(named::add);
            }
            for (String list : List.of("additional_special_tokens", "extra_special_tokens")) {
                source.array(list)
                        .map(JsonArray::items)
                        .orElse(List.of())
                        .forEach(item -> SpecialVocabulary.content(item).ifPresent(named::add));
            }
        }
        return named;
    }
}
