package tk.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;

import tk.error.IoException;
import tk.error.MalformedException;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Reads JSON front to back without holding it: for headers and indexes that may be as large as the
 * file that claims them.
 *
 * <p>As strict as {@link Json}: UTF-8, no duplicate names, nothing after the value, bounded depth
 * and sizes. Whoever reads takes each value with the method of its kind, or skips it; another kind
 * is an error that says where.
 */
public final class JsonStream implements AutoCloseable {
    private static final int MAX_STRING = 1 << 22;

    /** Names are data here: neither interned nor kept between files. */
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(64)
                                    .maxStringLength(MAX_STRING)
                                    .maxNameLength(1 << 16)
                                    .maxNumberLength(1000)
                                    .build())
                    .build();

    private final JsonParser parser;
    private final String place;

    private JsonStream(JsonParser parser, String place) {
        this.parser = parser;
        this.place = place;
    }

    /** What is done for each item of a list. */
    @FunctionalInterface
    public interface Item {
        /** Takes the item's value. */
        void take();
    }

    /**
     * Reads the one value in {@code utf8}.
     *
     * @param place what to call the bytes in errors
     * @param value takes the value
     */
    public static void read(InputStream utf8, String place, Consumer<JsonStream> value) {
        var text = new InputStreamReader(utf8, StandardCharsets.UTF_8.newDecoder());
        try (JsonStream json = new JsonStream(FACTORY.createParser(text), place)) {
            if (json.next() == null) throw new MalformedException(place + ": empty, expected JSON");
            value.accept(json);
            if (json.next() != null) throw json.malformed("something follows the JSON value");
        } catch (IOException e) {
            throw new IoException(place + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /**
     * Takes an object.
     *
     * @param member given each member's name, takes or skips its value
     */
    public void members(Consumer<String> member) {
        expect(JsonToken.START_OBJECT, "an object");
        while (next() != JsonToken.END_OBJECT) {
            String name = name();
            next();
            member.accept(name);
        }
    }

    /**
     * Takes a list.
     *
     * @param item takes or skips each item
     */
    public void items(Item item) {
        expect(JsonToken.START_ARRAY, "a list");
        while (next() != JsonToken.END_ARRAY) item.take();
    }

    /** Takes a string. */
    public String string() {
        expect(JsonToken.VALUE_STRING, "a string");
        try {
            return parser.getText();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Takes a whole number from 0 to 2^63-1, spelled without fraction, exponent and sign. */
    public long count() {
        expect(JsonToken.VALUE_NUMBER_INT, "a whole number");
        try {
            String text = parser.getText();
            if (text.startsWith("-")) throw malformed("expected a number from 0 on, found " + text);
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw malformed("expected a number below 2^63");
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Takes a value of any kind without keeping it. */
    public void skip() {
        try {
            parser.skipChildren();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /** Whether the value at hand is null. */
    public boolean isNull() {
        return parser.currentToken() == JsonToken.VALUE_NULL;
    }

    /** Whether the value at hand is an object. */
    public boolean isObject() {
        return parser.currentToken() == JsonToken.START_OBJECT;
    }

    /** An error at this place in the text. */
    public MalformedException malformed(String message) {
        return new MalformedException(
                "%s: character %s: %s"
                        .formatted(place, parser.currentTokenLocation().getCharOffset(), message));
    }

    @Override
    public void close() throws IOException {
        parser.close();
    }

    private void expect(JsonToken expected, String what) {
        JsonToken found = parser.currentToken();
        if (found != expected) throw malformed("expected " + what + ", found " + name(found));
    }

    private static String name(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "a list";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "a whole number";
            case VALUE_NUMBER_FLOAT -> "a number with a fraction";
            case VALUE_TRUE -> "true";
            case VALUE_FALSE -> "false";
            case VALUE_NULL -> "null";
            default -> token.name();
        };
    }

    private @org.jspecify.annotations.Nullable JsonToken next() {
        try {
            return parser.nextToken();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private String name() {
        try {
            return parser.currentName();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private MalformedException failed(IOException e) {
        return switch (e) {
            case CharacterCodingException coding ->
                    new MalformedException(
                            "%s: not UTF-8, somewhere after character %s"
                                    .formatted(place, parser.currentLocation().getCharOffset()),
                            null,
                            coding);
            case JsonParseException syntax ->
                    new MalformedException(
                            "%s: not valid JSON at character %s: %s"
                                    .formatted(
                                            place,
                                            parser.currentLocation().getCharOffset(),
                                            Json.said(syntax)),
                            null,
                            syntax);
            default ->
                    new MalformedException(
                            place + ": not acceptable JSON: " + e.getMessage(), null, e);
        };
    }
}
