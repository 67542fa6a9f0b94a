package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;

import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.ArrayList;
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

    /**
     * How much longer a text may become: a dozen replacements that repeat what the next one
     * replaces would fill any memory. One code point becomes 18 at most by Unicode's own rules.
     */
    private static final int GROWTH = 64;

    private JsonNormalizer() {}

    /** One change of a text. */
    interface Step {
        /**
         * The changed text.
         *
         * @param most how long it may be
         */
        String apply(String text, int most);
    }

    /** How long what a text of this length becomes may be. */
    static int most(long length) {
        return Math.clamp(GROWTH * length, 1 << 16, 1 << 28);
    }

    /**
     * Reads it.
     *
     * @param place what to call it in errors
     */
    static UnaryOperator<String> parse(JsonValue value, String place) {
        Step step = step(value, place);
        return text -> step.apply(text, most(text.length()));
    }

    /** Reads a part of it. */
    static Step step(JsonValue value, String place) {
        if (value == JsonNull.NULL) return (text, most) -> text;
        if (!(value instanceof JsonObject object)) {
            throw new MalformedException(place + ": expected an object");
        }
        String type = object.string("type").orElse("");
        return switch (type) {
            case "Sequence" -> sequence(object, place);
            case "NFC" -> (text, most) -> Normalizer.normalize(text, Normalizer.Form.NFC);
            case "NFD" -> (text, most) -> Normalizer.normalize(text, Normalizer.Form.NFD);
            case "NFKC" -> (text, most) -> Normalizer.normalize(text, Normalizer.Form.NFKC);
            case "NFKD" -> (text, most) -> Normalizer.normalize(text, Normalizer.Form.NFKD);
            case "Lowercase" -> (text, most) -> lowercase(text);
            case "StripAccents" -> (text, most) -> MARK.matcher(text).replaceAll("");
            case "Strip" ->
                    strip(
                            object.bool("strip_left").orElse(true),
                            object.bool("strip_right").orElse(true));
            case "Prepend" -> {
                String prefix = object.string("prepend").orElse("");
                yield (text, most) -> {
                    if (text.isEmpty()) return text;
                    check((long) prefix.length() + text.length(), most, place);
                    return prefix + text;
                };
            }
            case "Replace" -> replace(object, place);
            case "Precompiled" -> precompiled(object, place);
            default ->
                    throw new UnsupportedException(
                            "%s: a normalizer of type \"%s\"".formatted(place, type),
                            "tk handles NFC, NFD, NFKC, NFKD, Lowercase, Strip, StripAccents, Prepend, Replace, Precompiled and sequences of them.");
        };
    }

    private static void check(long length, int most, String place) {
        if (length <= most) return;
        throw new MalformedException(
                "%s: makes a text more than %d times as long".formatted(place, GROWTH),
                "No tokenizer needs that: the file is damaged, or made to fill the memory.");
    }

    private static Step sequence(JsonObject object, String place) {
        List<Step> steps = new ArrayList<>();
        List<JsonValue> parts = object.array("normalizers").map(JsonArray::items).orElse(List.of());
        for (int i = 0; i < parts.size(); i++) {
            steps.add(step(parts.get(i), "%s.normalizers[%d]".formatted(place, i)));
        }
        return (text, most) -> {
            String result = text;
            for (Step step : steps) result = step.apply(result, most);
            return result;
        };
    }

    /** Character by character, so that a final sigma is like any other. */
    private static String lowercase(String text) {
        StringBuilder lower = new StringBuilder(text.length());
        text.codePoints()
                .forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
        return lower.toString();
    }

    private static Step strip(boolean left, boolean right) {
        return (text, most) -> {
            int from = 0;
            int to = text.length();
            while (left && from < to && Spaces.isWhite(text.charAt(from))) from++;
            while (right && from < to && Spaces.isWhite(text.charAt(to - 1))) to--;
            return text.substring(from, to);
        };
    }

    private static Step replace(JsonObject object, String place) {
        String content = object.string("content").orElse("");
        JsonObject pattern =
                object.object("pattern")
                        .orElseThrow(() -> new MalformedException(place + ": no pattern"));
        if (pattern.string("String").isPresent()) {
            String literal = pattern.string("String").get();
            return (text, most) -> {
                if (literal.isEmpty()) return text;
                long length = text.length();
                for (int at = text.indexOf(literal);
                        at >= 0;
                        at = text.indexOf(literal, at + literal.length())) {
                    length += content.length() - literal.length();
                }
                check(length, most, place);
                return text.replace(literal, content);
            };
        }
        String regex =
                pattern.string("Regex")
                        .orElseThrow(
                                () ->
                                        new MalformedException(
                                                place + ".pattern: neither Regex nor String"));
        RegexPreTokenizer compiled = RegexPreTokenizer.ofOniguruma(regex, place);
        return (text, most) -> {
            StringBuilder out = new StringBuilder(text.length());
            compiled.find(
                    text,
                    0,
                    text.length(),
                    (from, to, match) -> {
                        if (match) out.append(content);
                        else out.append(text, from, to);
                        check(out.length(), most, place);
                    });
            return out.toString();
        };
    }

    /**
     * SentencePiece's rule as tokenizers applies it: to a whole grapheme of less than six bytes,
     * else to each of its characters; and of the sequences that match, the shortest counts.
     */
    private static Step precompiled(JsonObject object, String place) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(object.string("precompiled_charsmap").orElse(""));
        } catch (IllegalArgumentException e) {
            throw new MalformedException(place + ".precompiled_charsmap: not Base64", null, e);
        }
        Charsmap charsmap = Charsmap.parse(bytes, place + ".precompiled_charsmap");
        return (text, most) -> {
            StringBuilder out = new StringBuilder(text.length());
            Matcher graphemes = GRAPHEME.matcher(text);
            while (graphemes.find()) {
                check(out.length(), most, place);
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
