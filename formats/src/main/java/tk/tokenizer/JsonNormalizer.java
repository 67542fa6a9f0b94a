package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code normalizer} of a tokenizer.json: changes a text before it is cut. */
final class JsonNormalizer {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");
    private static final Pattern MARK = Pattern.compile("\\p{Mn}");

    private JsonNormalizer() {}

    /**
     * Reads it.
     *
     * @param place what to call it in errors
     */
    static UnaryOperator<String> parse(JsonValue value, String place) {
        if (value == JsonNull.NULL) return UnaryOperator.identity();
        if (!(value instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected an object");
        }
        String type = object.string("type").orElse("");
        return switch (type) {
            case "Sequence" -> sequence(object, place);
            case "NFC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case "NFD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFD);
            case "NFKC" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKC);
            case "NFKD" -> text -> Normalizer.normalize(text, Normalizer.Form.NFKD);
            case "Lowercase" -> JsonNormalizer::lowercase;
            case "StripAccents" -> text -> MARK.matcher(text).replaceAll("");
            case "Strip" ->
                    strip(
                            object.bool("strip_left").orElse(true),
                            object.bool("strip_right").orElse(true));
            case "Prepend" -> {
                String prefix = object.string("prepend").orElse("");
                yield text -> text.isEmpty() ? text : prefix + text;
            }
            case "Replace" -> replace(object, place);
            case "Precompiled" -> precompiled(object, place);
            default ->
                    throw new UnsupportedException(
                            "%s: a normalizer of type \"%s\"".formatted(place, type),
                            "tk handles NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Precompiled and sequences of them.");
        };
    }

    private static UnaryOperator<String> sequence(JsonObject object, String place) {
        UnaryOperator<String> all = UnaryOperator.identity();
        List<JsonValue> parts = object.array("normalizers").map(JsonArray::items).orElse(List.of());
        for (int i = 0; i < parts.size(); i++) {
            UnaryOperator<String> first = all;
            UnaryOperator<String> second =
                    parse(parts.get(i), "%s.normalizers[%d]".formatted(place, i));
            all = text -> second.apply(first.apply(text));
        }
        return all;
    }

    /** Character by character, so that a final sigma is like any other. */
    private static String lowercase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return lower.toString();
    }

    private static UnaryOperator<String> strip(boolean left, boolean right) {
        return text -> {
            int from = 0;
            int to = text.length();
            while (left && from < to && Spaces.isWhite(text.charAt(from))) from++;
            while (right && from < to && Spaces.isWhite(text.charAt(to - 1))) to--;
            return text.substring(from, to);
        };
    }

    private static UnaryOperator<String> replace(JsonObject object, String place) {
        String content = object.string("content").orElse("");
        JsonObject pattern =
                object.object("pattern")
                        .orElseThrow(() -> new MalformedException(place + ": no pattern"));
        if (pattern.string("String").isPresent()) {
            String literal = pattern.string("String").get();
            return text -> literal.isEmpty() ? text : text.replace(literal, content);
        }
        String regex =
                pattern.string("Regex")
                        .orElseThrow(
                                () ->
                                        new MalformedException(
                                                place + ".pattern: neither Regex nor String"));
        RegexPreTokenizer compiled = RegexPreTokenizer.ofOniguruma(regex, place);
        return text -> {
            StringBuilder out = new StringBuilder(text.length());
            compiled.find(
                    text,
                    0,
                    text.length(),
                    (from, to, match) -> {
                        if (match) out.append(content);
                        else out.append(text, from, to);
                    });
            return out.toString();
        };
    }

    /**
     * SentencePiece's rule as tokenizers applies it: to a whole grapheme of less than six bytes,
     * else to each of its characters; and of the sequences that match, the shortest counts.
     */
    private static UnaryOperator<String> precompiled(JsonObject object, String place) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(object.string("precompiled_charsmap").orElse(""));
        } catch (IllegalArgumentException e) {
            throw new MalformedException(place + ".precompiled_charsmap: not Base64", null, e);
        }
        Charsmap charsmap = Charsmap.parse(bytes, place + ".precompiled_charsmap");
        return text -> {
            StringBuilder out = new StringBuilder(text.length());
            Matcher graphemes = GRAPHEME.matcher(text);
            while (graphemes.find()) {
                String grapheme = graphemes.group();
                String whole = null;
                byte[] utf8 = grapheme.getBytes(StandardCharsets.UTF_8);
                if (utf8.length < 6) whole = charsmap.shortestReplacement(utf8);
                if (whole != null) {
                    out.append(whole);
                    continue;
                }
                grapheme.codePoints()
                        .mapToObj(Character::toString)
                        .forEach(
                                c -> {
                                    String single =
                                            charsmap.shortestReplacement(
                                                    c.getBytes(StandardCharsets.UTF_8));
                                    out.append(single == null ? c : single);
                                });
            }
            return out.toString();
        };
    }
}
