package tk.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;

import org.jspecify.annotations.Nullable;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * Reads JSON strictly: no duplicate names, nothing after the value, bounded depth and sizes, valid
 * UTF-8.
 */
public final class Json {
    private static final int MAX_DEPTH = 64;
    private static final long MAX_FILE = 1L << 28;
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(MAX_DEPTH)
                                    .maxStringLength(1 << 26)
                                    .maxNameLength(1 << 16)
                                    .maxNumberLength(1000)
                                    .build())
                    .build();

    private Json() {}

    /** The value in a file. */
    public static JsonValue read(Path file) {
        try {
            long size = Files.size(file);
            if (size > MAX_FILE) {
                throw new MalformedException(
                        String.format(
                                Locale.ROOT,
                                "%s: %,d bytes of JSON, expected at most %,d",
                                file,
                                size,
                                MAX_FILE));
            }
            return parse(withoutMark(Files.readAllBytes(file)), file.toString());
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /** Editors of Windows' put a byte order mark before the text. */
    private static byte[] withoutMark(byte[] bytes) {
        boolean marked =
                bytes.length >= 3
                        && bytes[0] == (byte) 0xef
                        && bytes[1] == (byte) 0xbb
                        && bytes[2] == (byte) 0xbf;
        return marked ? Arrays.copyOfRange(bytes, 3, bytes.length) : bytes;
    }

    /** The object in a file. */
    public static JsonObject readObject(Path file) {
        if (read(file) instanceof JsonObject object) return object;
        throw new MalformedException(file + ": expected a JSON object");
    }

    /**
     * The value in these bytes, which must be UTF-8.
     *
     * @param place what to call the bytes in errors
     */
    public static JsonValue parse(byte[] bytes, String place) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new MalformedException(place + ": not UTF-8", null, e);
        }
        try (JsonParser parser = FACTORY.createParser(text)) {
            if (parser.nextToken() == null)
                throw new MalformedException(place + ": empty, expected JSON");
            JsonValue value = value(parser);
            if (parser.nextToken() != null) {
                throw new MalformedException(
                        "%s: something follows the JSON value at character %d"
                                .formatted(place, parser.currentTokenLocation().getCharOffset()));
            }
            return value;
        } catch (JsonParseException e) {
            throw new MalformedException(
                    "%s: not valid JSON at %s: %s"
                            .formatted(place, place(e.getLocation(), text), said(e)),
                    null,
                    e);
        } catch (IOException e) {
            throw new MalformedException(
                    place + ": not acceptable JSON: " + e.getMessage(), null, e);
        }
    }

    /** Where it is; a text of one line may itself be a line of a file. */
    private static String place(@Nullable JsonLocation at, String text) {
        int column = at == null ? 0 : at.getColumnNr();
        if (text.indexOf('\n') < 0) return "column " + column;
        return "line %d, column %d".formatted(at == null ? 0 : at.getLineNr(), column);
    }

    /** What Jackson says, without what it says of its own settings. */
    static String said(JsonParseException e) {
        return e.getOriginalMessage().replaceAll("\\[Source: REDACTED[^;]*; ([^]]*)]", "$1");
    }

    private static JsonValue value(JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        return switch (token) {
            case VALUE_NULL -> JsonNull.NULL;
            case VALUE_TRUE -> new JsonBoolean(true);
            case VALUE_FALSE -> new JsonBoolean(false);
            case VALUE_STRING -> new JsonString(parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getText());
            case START_ARRAY -> {
                List<JsonValue> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) items.add(value(parser));
                yield new JsonArray(items);
            }
            case START_OBJECT -> {
                SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, value(parser));
                }
                yield new JsonObject(members);
            }
            default -> throw new IllegalStateException("token " + token);
        };
    }
}
