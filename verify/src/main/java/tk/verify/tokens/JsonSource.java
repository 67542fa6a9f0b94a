package tk.verify.tokens;

import tk.error.MalformedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;
import tk.tokenizer.TokenType;
import tk.verify.tokens.Vocabulary.Entry;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The tokens and merges of a {@code tokenizer.json}, read off the file without the code that
 * converts it.
 *
 * @param json the whole file
 */
record JsonSource(JsonObject json) {
    /** More than any vocabulary has: what a file may claim before memory is taken for it. */
    private static final int MOST = 1 << 24;

    /** Whether words are bytes spelled as characters, so that merges are part of the vocabulary. */
    boolean byteLevel() {
        return holdsByteLevel(json.get("pre_tokenizer")) || holdsByteLevel(json.get("decoder"));
    }

    private static boolean holdsByteLevel(Optional<JsonValue> step) {
        return switch (step.orElse(JsonValue.JsonNull.NULL)) {
            case JsonObject object ->
                    object.string("type").equals(Optional.of("ByteLevel"))
                            || holdsByteLevel(object.get("pretokenizers"))
                            || holdsByteLevel(object.get("decoders"));
            case JsonArray(var items) ->
                    items.stream().anyMatch(item -> holdsByteLevel(Optional.of(item)));
            default -> false;
        };
    }

    private JsonObject model() {
        return json.object("model")
                .orElseThrow(() -> new MalformedException("tokenizer.json: no model"));
    }

    /** Whether a character without a token becomes a token a byte. */
    boolean byteFallback() {
        return model().bool("byte_fallback").orElse(false);
    }

    /** The token that stands for what has none. */
    Optional<String> unknown() {
        return model().string("unk_token");
    }

    /** The tokens by id; a gap is an unused token. */
    List<Entry> entries() {
        Map<Integer, Entry> byId = new TreeMap<>();
        model().object("vocab")
                .orElseThrow(() -> new MalformedException("tokenizer.json: model has no vocab"))
                .members()
                .forEach((text, id) -> byId.put(id(id), own(text)));
        for (JsonValue value : json.array("added_tokens").map(JsonArray::items).orElse(List.of())) {
            if (!(value instanceof JsonObject token)) continue;
            JsonValue id = token.get("id").orElse(JsonValue.JsonNull.NULL);
            Entry added = SourceVocabulary.added(token);
            // One that the model has too, such as <s>, may be called what it is there.
            byId.merge(
                    id(id),
                    added,
                    (own, replacing) -> {
                        Set<TokenType> types = EnumSet.copyOf(replacing.types());
                        if (!byteLevel()) types.addAll(own.types());
                        return new Entry(replacing.text(), Float.NaN, types);
                    });
        }
        List<Entry> entries = new ArrayList<>(byId.size());
        byId.forEach((id, entry) -> SourceVocabulary.put(entries, id, entry));
        return entries;
    }

    private Entry own(String text) {
        boolean piece = !byteLevel() && byteFallback() && text.matches("<0x[0-9A-F]{2}>");
        return new Entry(text, Float.NaN, EnumSet.of(piece ? TokenType.BYTE : TokenType.NORMAL));
    }

    private static int id(JsonValue value) {
        long id = value instanceof JsonNumber number ? number.asLong().orElse(-1L) : -1L;
        if (id >= 0 && id < MOST) return (int) id;
        throw new MalformedException("tokenizer.json: %s is no token's id".formatted(value));
    }

    /** The merges, best first, a space between the two parts and none in them. */
    List<String> merges() {
        if (!byteLevel()) return List.of();
        List<String> merges = new ArrayList<>();
        for (JsonValue merge : model().array("merges").map(JsonArray::items).orElse(List.of())) {
            merges.add(
                    switch (merge) {
                        case JsonString(String text) -> text;
                        case JsonArray(var parts) when parts.size() == 2 ->
                                part(parts.get(0)) + " " + part(parts.get(1));
                        default ->
                                throw new MalformedException(
                                        "tokenizer.json: model.merges[%d]: expected two texts"
                                                .formatted(merges.size()));
                    });
        }
        return merges;
    }

    private static String part(JsonValue part) {
        return part instanceof JsonString(String text) ? text.replace(' ', '\u0120') : "";
    }
}
