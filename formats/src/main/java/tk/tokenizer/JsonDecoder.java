package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * The {@code decoder} of a tokenizer.json: tokens' texts to what a reader sees. A step takes a list
 * of texts and gives another; in the end they are put in a row.
 *
 * <p>Source: huggingface/tokenizers, {@code decoders/}.
 */
final class JsonDecoder {
    private JsonDecoder() {}

    /** One change of a list of texts. */
    private interface Step {
        /**
         * The changed list.
         *
         * @param most how long all its texts together may be
         */
        List<String> apply(List<String> tokens, int most);
    }

    /**
     * Reads it. Without a decoder, tokenizers puts a space between all tokens.
     *
     * @param place what to call it in errors
     */
    static UnaryOperator<List<String>> parse(JsonValue value, String place) {
        Step step = step(value, place);
        return tokens -> step.apply(tokens, JsonNormalizer.most(length(tokens)));
    }

    private static long length(List<String> tokens) {
        return tokens.stream().mapToLong(String::length).sum();
    }

    private static Step step(JsonValue value, String place) {
        if (value == JsonNull.NULL) return (tokens, most) -> List.of(String.join(" ", tokens));
        if (!(value instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected an object");
        }
        String type = object.string("type").orElse("");
        return switch (type) {
            case "Sequence" -> sequence(object, place);
            case "ByteLevel" -> (tokens, most) -> byteLevel(tokens);
            case "ByteFallback" -> (tokens, most) -> byteFallback(tokens);
            case "Fuse" -> (tokens, most) -> List.of(String.join("", tokens));
            case "Metaspace" -> metaspace(object);
            case "Replace" -> replace(object, place);
            case "Strip" -> strip(object);
            default ->
                    throw new UnsupportedException(
                            "%s: a decoder of type \"%s\"".formatted(place, type),
                            "tk handles ByteLevel, ByteFallback, Fuse, Metaspace, Replace, Strip and sequences of them.");
        };
    }

    private static Step sequence(JsonObject object, String place) {
        List<Step> steps = new ArrayList<>();
        List<JsonValue> parts = object.array("decoders").map(JsonArray::items).orElse(List.of());
        for (int i = 0; i < parts.size(); i++) {
            steps.add(step(parts.get(i), "%s.decoders[%d]".formatted(place, i)));
        }
        return (tokens, most) -> {
            List<String> result = tokens;
            for (Step step : steps) result = step.apply(result, most);
            return result;
        };
    }

    private static List<String> byteLevel(List<String> tokens) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String token : tokens) {
            boolean spelled = token.chars().allMatch(c -> ByteLevel.byteOf((char) c) >= 0);
            if (spelled) token.chars().forEach(c -> bytes.write(ByteLevel.byteOf((char) c)));
            else bytes.writeBytes(Utf8.bytes(token));
        }
        return List.of(bytes.toString(StandardCharsets.UTF_8));
    }

    /** Byte pieces in a row become text together, or, where they are no UTF-8, a sign for each. */
    private static List<String> byteFallback(List<String> tokens) {
        List<String> result = new ArrayList<>();
        ByteArrayOutputStream run = new ByteArrayOutputStream();
        for (String token : tokens) {
            int value = BytePieces.valueOf(token);
            if (value >= 0) {
                run.write(value);
                continue;
            }
            flush(run, result);
            result.add(token);
        }
        flush(run, result);
        return result;
    }

    private static void flush(ByteArrayOutputStream run, List<String> result) {
        if (run.size() == 0) return;
        byte[] bytes = run.toByteArray();
        run.reset();
        try {
            var decoder = StandardCharsets.UTF_8.newDecoder();
            result.add(decoder.decode(ByteBuffer.wrap(bytes)).toString());
        } catch (CharacterCodingException e) {
            for (int i = 0; i < bytes.length; i++) result.add("\ufffd");
        }
    }

    private static Step metaspace(JsonObject object) {
        String space = object.string("replacement").orElse("\u2581");
        boolean prepended =
                object.string("prepend_scheme")
                        .map(scheme -> !scheme.equals("never"))
                        .orElse(object.bool("add_prefix_space").orElse(true));
        return (tokens, most) -> {
            List<String> result = new ArrayList<>(tokens.size());
            for (String token : tokens) {
                String text = token.replace(space, " ");
                boolean drop = result.isEmpty() && prepended && token.startsWith(space);
                result.add(drop ? text.substring(1) : text);
            }
            return result;
        };
    }

    private static Step replace(JsonObject object, String place) {
        JsonNormalizer.Step replace =
                JsonNormalizer.step(object, place); // the same words in both places
        return (tokens, most) -> {
            List<String> result = new ArrayList<>(tokens.size());
            int left = most;
            for (String token : tokens) {
                String text = replace.apply(token, left);
                left -= text.length();
                result.add(text);
            }
            return result;
        };
    }

    private static Step strip(JsonObject object) {
        String content = object.string("content").orElse(" ");
        int start = (int) (long) object.number("start").flatMap(JsonNumber::asLong).orElse(0L);
        int stop = (int) (long) object.number("stop").flatMap(JsonNumber::asLong).orElse(0L);
        return (tokens, most) ->
                tokens.stream().map(token -> strip(token, content, start, stop)).toList();
    }

    private static String strip(String token, String content, int start, int stop) {
        int from = 0;
        int to = token.length();
        int width = content.length();
        for (int i = 0; i < start && width > 0 && token.startsWith(content, from); i++)
            from += width;
        for (int i = 0;
                i < stop && to - width >= from && token.startsWith(content, to - width);
                i++) {
            to -= width;
        }
        return token.substring(Math.min(from, to), to);
    }
}
