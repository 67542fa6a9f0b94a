package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.AddedTokens.AddedToken;
import tk.tokenizer.MergeTable.Merge;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/**
 * A Hugging Face {@code tokenizer.json} with a BPE model: byte-level (GPT-2, Llama 3, Qwen) or over
 * characters with byte fallback (Llama 2, Mistral). Gives the ids and texts of the tokenizers
 * library. Thread-safe.
 *
 * <p>Source: huggingface/tokenizers.
 */
public final class TokenizerJson implements Tokenizer {
    static final int MAX_TOKENS = 1 << 24;

    private final JsonObject json;
    private final SequencedMap<String, Integer> vocabulary;
    private final List<Merge> merges;
    private final String[] texts;
    private final AddedTokens added;
    private final JsonPreTokenizer preTokenizer;
    private final UnaryOperator<List<String>> decoder;
    private final JsonPostProcessor postProcessor;
    private final JsonBpe bpe;

    private TokenizerJson(JsonObject json, String place) {
        this.json = json;
        JsonObject model =
                json.object("model")
                        .orElseThrow(() -> new MalformedException(place + ": no model"));
        // Old files leave the type out; what has merges is BPE.
        String type = model.string("type").orElse(model.array("merges").isPresent() ? "BPE" : "");
        if (!type.equals("BPE")) {
            throw new UnsupportedException(
                    "%s: a model of type \"%s\"".formatted(place, type), "tk handles BPE.");
        }
        vocabulary = vocabulary(model, place + ": model.vocab");
        merges = merges(model, place + ": model.merges");
        UnaryOperator<String> normalizer =
                JsonNormalizer.parse(value(json, "normalizer"), place + ": normalizer");
        added = new AddedTokens(addedTokens(json, place + ": added_tokens"), normalizer);
        preTokenizer =
                JsonPreTokenizer.parse(value(json, "pre_tokenizer"), place + ": pre_tokenizer");
        decoder = JsonDecoder.parse(value(json, "decoder"), place + ": decoder");
        postProcessor =
                JsonPostProcessor.parse(value(json, "post_processor"), place + ": post_processor");
        texts = texts();
        bpe = new JsonBpe(model, vocabulary, merges, texts.length, preTokenizer.byteLevel(), place);
    }

    /** Reads a file. */
    public static TokenizerJson read(Path file) {
        return of(Json.readObject(file), file.toString());
    }

    /**
     * The tokenizer of such an object.
     *
     * @param place what to call it in errors
     */
    public static TokenizerJson of(JsonObject json, String place) {
        return new TokenizerJson(json, place);
    }

    private static JsonValue value(JsonObject object, String name) {
        return object.get(name).orElse(JsonNull.NULL);
    }

    private static SequencedMap<String, Integer> vocabulary(JsonObject model, String place) {
        SequencedMap<String, Integer> ids = new LinkedHashMap<>();
        var members =
                model.object("vocab").orElseThrow(() -> new MalformedException(place)).members();
        members.forEach(
                (text, value) -> {
                    long id =
                            value instanceof JsonNumber number ? number.asLong().orElse(-1L) : -1L;
                    if (id < 0 || id >= MAX_TOKENS) {
                        throw new MalformedException(
                                "%s[\"%s\"]: expected an id".formatted(place, text));
                    }
                    ids.put(text, (int) id);
                });
        return ids;
    }

    private static List<Merge> merges(JsonObject model, String place) {
        List<JsonValue> items = model.array("merges").map(JsonArray::items).orElse(List.of());
        List<Merge> merges = new ArrayList<>(items.size());
        for (JsonValue item : items) merges.add(merge(item, place, merges.size()));
        return merges;
    }

    private static Merge merge(JsonValue item, String place, int rank) {
        if (item instanceof JsonString(String text)) {
            int space = text.indexOf(' ');
            if (space > 0 && text.indexOf(' ', space + 1) < 0) {
                return new Merge(text.substring(0, space), text.substring(space + 1));
            }
        }
        if (item instanceof JsonArray(var parts)
                && parts.size() == 2
                && parts.get(0) instanceof JsonString(String left)
                && parts.get(1) instanceof JsonString(String right)) {
            return new Merge(left, right);
        }
        throw new MalformedException("%s[%d]: expected two texts".formatted(place, rank));
    }

    private static List<AddedToken> addedTokens(JsonObject json, String place) {
        List<JsonValue> items = json.array("added_tokens").map(JsonArray::items).orElse(List.of());
        List<AddedToken> tokens = new ArrayList<>();
        for (int i = 0; i < items.size(); i++) {
            tokens.add(AddedToken.parse(items.get(i), "%s[%d]".formatted(place, i)));
        }
        return tokens;
    }

    /** The texts by id; null where no token has an id. */
    private String[] texts() {
        int size = 0;
        for (int id : vocabulary.values()) size = Math.max(size, id + 1);
        for (AddedToken token : added.all()) size = Math.max(size, token.id() + 1);
        // A file that names one huge id would have the array filled with gaps.
        if (size > 2 * (vocabulary.size() + added.all().size()) + (1 << 16)) {
            throw new MalformedException(
                    "tokenizer.json: %d tokens, but ids up to %d"
                            .formatted(vocabulary.size() + added.all().size(), size - 1));
        }
        String[] byId = new String[size];
        vocabulary.forEach((text, id) -> byId[id] = text);
        for (AddedToken token : added.all()) byId[token.id()] = token.content();
        return byId;
    }

    @Override
    public int[] encode(String text, Specials specials) {
        Ints out = new Ints(text.length() / 3);
        added.cut(
                Utf8.wellFormed(text),
                specials,
                new AddedTokens.Parts() {
                    @Override
                    public void text(String normalized, boolean atStart) {
                        bpe.encode(preTokenizer.apply(Splits.of(normalized, atStart)), out);
                    }

                    @Override
                    public void token(int id) {
                        out.add(id);
                    }
                });
        return out.toArray();
    }

    @Override
    public String decode(int... ids) {
        List<String> tokens = new ArrayList<>(ids.length);
        for (int id : ids) {
            String text = piece(id);
            if (!added.isSpecial(id)) tokens.add(text);
        }
        return String.join("", decoder.apply(tokens));
    }

    /** The ids of a text with the tokens around it that the post-processor adds. */
    public int[] encodePrompt(String text) {
        Ints out = new Ints(16);
        postProcessor.before().forEach(out::add);
        for (int id : encode(text, Specials.PARSE)) out.add(id);
        postProcessor.after().forEach(out::add);
        return out.toArray();
    }

    /** The text of ids with that of control tokens in it. */
    public String decodeAll(int... ids) {
        List<String> tokens = Arrays.stream(ids).mapToObj(this::piece).toList();
        return String.join("", decoder.apply(tokens));
    }

    @Override
    public String piece(int id) {
        if (id < 0 || id >= texts.length || texts[id] == null) {
            throw new IllegalArgumentException("no token has the id " + id);
        }
        return texts[id];
    }

    @Override
    public int size() {
        return texts.length;
    }

    /** The model's own tokens: ids by text, in file order. */
    public Map<String, Integer> vocabulary() {
        return Collections.unmodifiableMap(vocabulary);
    }

    /** The whole file. */
    public JsonObject json() {
        return json;
    }

    List<Merge> merges() {
        return Collections.unmodifiableList(merges);
    }

    List<AddedToken> addedTokens() {
        return added.all();
    }

    JsonPreTokenizer preTokenizer() {
        return preTokenizer;
    }

    /** Whether a word that is a token isn't merged at all. */
    boolean ignoresMerges() {
        return bpe.ignoresMerges();
    }

    /** Whether every token is what its own bytes merge to. */
    boolean mergesReachEveryToken() {
        return bpe.mergesReachEveryToken();
    }
}
