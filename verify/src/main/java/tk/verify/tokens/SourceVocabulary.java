package tk.verify.tokens;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.error.UsageException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.SentencePieceModel;
import tk.tokenizer.SentencePieceTokenizer;
import tk.tokenizer.Tiktoken;
import tk.tokenizer.TiktokenTokenizer;
import tk.tokenizer.TokenType;
import tk.tokenizer.TokenizerFiles;
import tk.tokenizer.TokenizerJson;
import tk.verify.tokens.Vocabulary.Entry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads the vocabulary of a Hugging Face tokenizer's files, from the files' own meaning.
 *
 * <p>Where two files disagree on a special id, either is right: which of them a program follows
 * depends on the program.
 */
public final class SourceVocabulary {
    private final TokenizerFiles files;
    private final JsonObject settings;
    private final List<JsonObject> configs;

    private SourceVocabulary(TokenizerFiles files, List<JsonObject> configs) {
        this.files = files;
        this.configs = configs;
        this.settings =
                files.config().map(Json::readObject).orElse(new JsonObject(new LinkedHashMap<>()));
    }

    /**
     * The vocabulary of these files.
     *
     * @param configs {@code config.json} and {@code generation_config.json}, where they are
     * @throws UsageException where there is no tokenizer
     */
    public static Vocabulary of(TokenizerFiles files, List<JsonObject> configs) {
        SourceVocabulary source = new SourceVocabulary(files, configs);
        Optional<Path> ranks = files.model().filter(SourceVocabulary::isTiktoken);
        if (files.model().isPresent() && ranks.isEmpty()) {
            return source.sentencePiece(SentencePieceTokenizer.read(files.model().get()));
        }
        if (files.json().isPresent()) return source.json(files.json().get());
        if (ranks.isPresent()) return source.tiktoken(ranks.get());
        throw new UsageException(
                "no tokenizer.model and no tokenizer.json", "Give one with --tokenizer.");
    }

    private static boolean isTiktoken(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Tiktoken.recognises(in.readNBytes(4096));
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    private Vocabulary json(Path file) {
        TokenizerJson tokenizer = TokenizerJson.read(file);
        JsonSource json = new JsonSource(tokenizer.json());
        List<Entry> entries = json.entries();
        int own = entries.size();
        addedTokens()
                .forEach(
                        (id, entry) -> {
                            if (id >= own) put(entries, id, entry);
                        });
        OptionalInt unknown = OptionalInt.empty();
        for (int id = 0; id < entries.size() && !json.byteLevel() && !json.byteFallback(); id++) {
            if (json.unknown().equals(Optional.of(entries.get(id).text()))) {
                unknown = OptionalInt.of(id);
            }
        }
        return new Vocabulary(
                entries,
                json.merges(),
                tokenizer,
                unknown,
                declared("bos", entries),
                declared("eos", entries),
                addsBos(!json.byteLevel()),
                addsEos(),
                chatTemplate(),
                Optional.empty());
    }

    /** Llama 3's file, by tiktoken's own algorithm. */
    private Vocabulary tiktoken(Path file) {
        Tiktoken.Specials specials =
                configs.stream()
                        .map(Tiktoken.Specials::of)
                        .filter(Tiktoken.Specials.LLAMA_3_1::equals)
                        .findFirst()
                        .orElse(Tiktoken.Specials.LLAMA_3);
        TiktokenTokenizer tokenizer = TiktokenTokenizer.read(file, specials);
        List<Entry> entries = new ArrayList<>();
        for (String text : tokenizer.texts()) {
            boolean ranked = entries.size() < tokenizer.ranked();
            TokenType type = ranked ? TokenType.NORMAL : TokenType.CONTROL;
            entries.add(new Entry(text, Float.NaN, EnumSet.of(type)));
        }
        Set<Integer> bos = new TreeSet<>(declared("bos", entries));
        if (bos.isEmpty()) bos.add(tokenizer.ranked());
        return new Vocabulary(
                entries,
                List.of(),
                tokenizer,
                OptionalInt.empty(),
                bos,
                declared("eos", entries),
                addsBos(true),
                addsEos(),
                chatTemplate(),
                Optional.empty());
    }

    private Vocabulary sentencePiece(SentencePieceTokenizer tokenizer) {
        SentencePieceModel model = tokenizer.model();
        List<Entry> entries = new ArrayList<>();
        for (SentencePieceModel.Piece piece : model.pieces()) {
            Set<TokenType> types = EnumSet.of(piece.type());
            // The converter has no case for user-defined pieces.
            if (piece.type() == TokenType.USER_DEFINED) types.add(TokenType.NORMAL);
            entries.add(new Entry(piece.text(), piece.score(), types));
        }
        addedTokens().forEach((id, entry) -> put(entries, id, entry));
        Set<Integer> bos = new TreeSet<>(declared("bos", entries));
        Set<Integer> eos = new TreeSet<>(declared("eos", entries));
        if (bos.isEmpty()) model.bosId().ifPresent(bos::add);
        model.eosId().ifPresent(eos::add);
        return new Vocabulary(
                entries,
                List.of(),
                tokenizer,
                model.byteFallback() ? OptionalInt.empty() : OptionalInt.of(model.unknownId()),
                bos,
                eos,
                // None is trained where the model has none.
                addsBos(!bos.isEmpty()),
                addsEos(),
                chatTemplate(),
                Optional.empty());
    }

    /** An added token takes the place of the piece of its id; between may be gaps. */
    static void put(List<Entry> entries, int id, Entry entry) {
        if (id > entries.size() + (1 << 16)) return;
        while (entries.size() <= id) {
            entries.add(
                    new Entry(
                            "[PAD%d]".formatted(entries.size()),
                            Float.NaN,
                            EnumSet.of(TokenType.UNUSED)));
        }
        Set<TokenType> types = EnumSet.copyOf(entry.types());
        if (entries.get(id).text().equals(entry.text())) types.addAll(entries.get(id).types());
        entries.set(id, new Entry(entry.text(), Float.NaN, types));
    }

    private Map<Integer, Entry> addedTokens() {
        Map<Integer, Entry> added = new TreeMap<>();
        files.addedTokens()
                .map(Json::readObject)
                .ifPresent(
                        map ->
                                map.members()
                                        .forEach(
                                                (text, id) ->
                                                        id(id).ifPresent(
                                                                        i ->
                                                                                added.put(
                                                                                        i,
                                                                                        added(
                                                                                                text,
                                                                                                false)))));
        settings.object("added_tokens_decoder")
                .ifPresent(
                        map ->
                                map.members()
                                        .forEach(
                                                (id, value) -> {
                                                    if (value instanceof JsonObject token
                                                            && id.matches("\\d{1,9}")) {
                                                        added.put(
                                                                Integer.parseInt(id), added(token));
                                                    }
                                                }));
        return added;
    }

    static Entry added(JsonObject token) {
        boolean special = token.get("special").equals(Optional.of(new JsonBoolean(true)));
        return added(token.string("content").orElse(""), special);
    }

    private static Entry added(String text, boolean special) {
        Set<TokenType> types = EnumSet.of(TokenType.CONTROL);
        if (!special) types.add(TokenType.USER_DEFINED);
        return new Entry(special ? text : text.replace('\u2581', ' '), Float.NaN, types);
    }

    /** Every id that any file gives for a special token. */
    private Set<Integer> declared(String name, List<Entry> entries) {
        Set<Integer> ids = new TreeSet<>();
        for (JsonObject config : configs) {
            switch (config.members().get(name + "_token_id")) {
                case JsonArray(var items) -> items.forEach(item -> id(item).ifPresent(ids::add));
                case JsonNumber number -> id(number).ifPresent(ids::add);
                case null, default -> {}
            }
        }
        String text =
                switch (settings.members().get(name + "_token")) {
                    case JsonString(String token) -> token;
                    case JsonObject token -> token.string("content").orElse("");
                    case null, default -> "";
                };
        for (int id = 0; id < entries.size() && !text.isEmpty(); id++) {
            if (entries.get(id).text().equals(text)) ids.add(id);
        }
        ids.removeIf(id -> id >= entries.size());
        return ids;
    }

    private static Optional<Integer> id(JsonValue value) {
        if (!(value instanceof JsonNumber number)) return Optional.empty();
        return number.asLong().filter(id -> id >= 0 && id <= Integer.MAX_VALUE).map(Long::intValue);
    }

    /**
     * Whether a text begins with BOS: what tokenizer.json's post-processor does, else what
     * tokenizer_config.json says, else what the tokenizer's class does.
     */
    private boolean addsBos(boolean otherwise) {
        return template()
                .map(single -> isSpecial(single, 0))
                .or(() -> settings.bool("add_bos_token"))
                .orElse(otherwise);
    }

    /** Whether a text ends with EOS, likewise. */
    private boolean addsEos() {
        return template()
                .map(single -> isSpecial(single, single.size() - 1))
                .or(() -> settings.bool("add_eos_token"))
                .orElse(false);
    }

    private static boolean isSpecial(List<JsonValue> template, int index) {
        return index >= 0
                && index < template.size()
                && template.get(index) instanceof JsonObject part
                && part.object("SpecialToken").isPresent();
    }

    /** What tokenizer.json's post-processor puts around a single text, where it says so. */
    private Optional<List<JsonValue>> template() {
        return files.json()
                .map(Json::readObject)
                .flatMap(json -> json.object("post_processor"))
                .flatMap(SourceVocabulary::template);
    }

    private static Optional<List<JsonValue>> template(JsonObject processor) {
        return switch (processor.string("type").orElse("")) {
            case "TemplateProcessing" -> processor.array("single").map(JsonArray::items);
            case "Sequence" ->
                    processor.array("processors").map(JsonArray::items).orElse(List.of()).stream()
                            .filter(JsonObject.class::isInstance)
                            .map(part -> template((JsonObject) part))
                            .flatMap(Optional::stream)
                            .findFirst();
            default -> Optional.empty();
        };
    }

    /** The chat template, wherever one of the files has it. */
    private Optional<String> chatTemplate() {
        return switch (settings.members().get("chat_template")) {
            case JsonString(String text) -> Optional.of(text);
            case JsonArray(var items) ->
                    items.stream()
                            .filter(JsonObject.class::isInstance)
                            .map(JsonObject.class::cast)
                            .filter(item -> item.string("name").equals(Optional.of("default")))
                            .flatMap(item -> item.string("template").stream())
                            .findFirst();
            case null, default ->
                    files.chatTemplate()
                            .map(SourceVocabulary::text)
                            .or(
                                    () ->
                                            files.chatTemplateJson()
                                                    .map(Json::readObject)
                                                    .flatMap(json -> json.string("chat_template")));
        };
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new MalformedException(file + ": cannot be read as UTF-8", null, e);
        }
    }
}
