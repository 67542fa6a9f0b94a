package tk.tokenizer;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * The {@code pre_tokenizer} of a tokenizer.json: steps that cut a text into the words that are
 * merged one by one.
 *
 * @param steps in order
 * @param byteLevel whether the words' bytes are spelled as GPT-2 spells them
 * @param structure what the steps are, a line each: equal for pre-tokenizers that cut alike
 */
record JsonPreTokenizer(
        List<UnaryOperator<Splits>> steps, boolean byteLevel, List<String> structure) {
    /** The expression behind ByteLevel's {@code use_regex}. */
    static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    /** Applies all steps. */
    Splits apply(Splits splits) {
        Splits result = splits;
        for (UnaryOperator<Splits> step : steps) result = step.apply(result);
        return result;
    }

    /**
     * Reads it.
     *
     * @param place what to call it in errors
     */
    static JsonPreTokenizer parse(JsonValue value, String place) {
        Reader reader = new Reader();
        reader.add(value, place);
        return new JsonPreTokenizer(
                List.copyOf(reader.steps), reader.byteLevel, List.copyOf(reader.structure));
    }

    private static final class Reader {
        final List<UnaryOperator<Splits>> steps = new ArrayList<>();
        final List<String> structure = new ArrayList<>();
        boolean byteLevel;

        void add(JsonValue value, String place) {
            if (value == JsonNull.NULL) return;
            if (!(value instanceof JsonObject object)) {
                throw new MalformedException(place + ": expected an object");
            }
            if (byteLevel) {
                throw new UnsupportedException(place + ": a step after ByteLevel");
            }
            String type = object.string("type").orElse("");
            switch (type) {
                case "Sequence" -> {
                    List<JsonValue> parts =
                            object.array("pretokenizers").map(JsonArray::items).orElse(List.of());
                    for (int i = 0; i < parts.size(); i++) {
                        add(parts.get(i), "%s.pretokenizers[%d]".formatted(place, i));
                    }
                }
                case "ByteLevel" -> byteLevel(object);
                case "Split" -> split(object, place);
                case "Digits" -> {
                    boolean individual = object.bool("individual_digits").orElse(false);
                    pattern(
                            "\\p{N}",
                            individual
                                    ? PatternSplit.Behavior.ISOLATED
                                    : PatternSplit.Behavior.CONTIGUOUS,
                            false,
                            place);
                }
                case "Punctuation" ->
                        pattern(
                                "[\\p{P}!-/:-@\\[-`{-~]",
                                behavior(object.string("behavior").orElse("Isolated"), place),
                                false,
                                place);
                case "Whitespace" -> words();
                case "WhitespaceSplit" ->
                        pattern("\\s", PatternSplit.Behavior.REMOVED, false, place);
                case "Metaspace" -> metaspace(object, place);
                default ->
                        throw new UnsupportedException(
                                "%s: a pre-tokenizer of type \"%s\"".formatted(place, type),
                                "tk handles ByteLevel, Split, Digits, Punctuation, Whitespace, WhitespaceSplit, Metaspace and sequences of them.");
            }
        }

        private void byteLevel(JsonObject object) {
            if (object.bool("add_prefix_space").orElse(true)) {
                structure.add("prefix space");
                steps.add(
                        splits ->
                                splits.rewrite(
                                        (part, first) -> part.startsWith(" ") ? part : " " + part));
            }
            if (object.bool("use_regex").orElse(true)) {
                structure.add("ISOLATED " + GPT2);
                RegexPreTokenizer gpt2 = RegexPreTokenizer.of(GPT2);
                steps.add(splits -> splits.cut(gpt2));
            }
            byteLevel = true;
        }

        private void split(JsonObject object, String place) {
            JsonObject pattern =
                    object.object("pattern")
                            .orElseThrow(() -> new MalformedException(place + ": no pattern"));
            PatternSplit.Behavior behavior =
                    behavior(object.string("behavior").orElse("Isolated"), place);
            boolean invert = object.bool("invert").orElse(false);
            if (pattern.string("String").isPresent()) {
                literal(pattern.string("String").get(), behavior, invert);
                return;
            }
            String regex =
                    pattern.string("Regex")
                            .orElseThrow(
                                    () ->
                                            new MalformedException(
                                                    place + ".pattern: neither Regex nor String"));
            pattern(regex, behavior, invert, place);
        }

        private void literal(String text, PatternSplit.Behavior behavior, boolean invert) {
            String regex = text.isEmpty() ? "(?!)" : Pattern.quote(text);
            add(regex, RegexPreTokenizer.of(regex), behavior, invert);
        }

        private static PatternSplit.Behavior behavior(String name, String place) {
            return PatternSplit.Behavior.named(name)
                    .orElseThrow(
                            () ->
                                    new MalformedException(
                                            "%s: the behavior \"%s\"".formatted(place, name)));
        }

        private void pattern(
                String regex, PatternSplit.Behavior behavior, boolean invert, String place) {
            // What doesn't match is dropped where matches are kept apart: the same as cutting them
            // out, since published expressions match everything.
            add(regex, RegexPreTokenizer.ofOniguruma(regex, place), behavior, invert);
        }

        private void add(
                String regex,
                RegexPreTokenizer pattern,
                PatternSplit.Behavior behavior,
                boolean invert) {
            structure.add((invert ? "NOT " : "") + behavior + " " + regex);
            steps.add(new PatternSplit(pattern, behavior, invert)::apply);
        }

        /** The library has this one in Rust's notation, whose word characters are Java's. */
        private void words() {
            String regex = "\\w+|[^\\w\\s]+";
            add(regex, RegexPreTokenizer.of(regex), PatternSplit.Behavior.REMOVED, true);
        }

        private void metaspace(JsonObject object, String place) {
            String space = object.string("replacement").orElse("\u2581");
            String scheme =
                    object.string("prepend_scheme")
                            .orElse(
                                    object.bool("add_prefix_space").orElse(true)
                                            ? "always"
                                            : "never");
            if (!List.of("always", "first", "never").contains(scheme)) {
                throw new MalformedException(
                        "%s: the prepend_scheme \"%s\"".formatted(place, scheme));
            }
            structure.add("metaspace " + space + " " + scheme);
            steps.add(
                    splits ->
                            splits.rewrite(
                                    (part, first) -> {
                                        String text = part.replace(" ", space);
                                        boolean prepend =
                                                scheme.equals("always")
                                                        || (scheme.equals("first") && first);
                                        return prepend && !text.startsWith(space)
                                                ? space + text
                                                : text;
                                    }));
            if (object.bool("split").orElse(true)) {
                literal(space, PatternSplit.Behavior.MERGED_WITH_NEXT, false);
            }
        }
    }
}
