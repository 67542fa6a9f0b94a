package tk.convert.gguf;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonObject;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * The {@code tokenizer.json} of a byte-level BPE vocabulary, as the {@code tokenizers} library
 * writes it.
 *
 * <p>A GGUF file names the pre-tokenizer; what the name stands for is given here in the spelling of
 * the models that it was made for.
 */
final class ByteLevelTokenizer {
    private static final String REST =
            "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LETTERS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    private static final String THREE_DIGITS = LETTERS + "\\p{N}{1,3}" + REST;
    private static final String ONE_DIGIT = LETTERS + "\\p{N}" + REST;

    /**
     * What a pre-tokenizer does.
     *
     * @param steps before the bytes are spelled as characters
     * @param ownRegex whether the byte-level step cuts by GPT-2's expression
     * @param ignoresMerges whether a word that is a token is not merged
     */
    private record Pre(List<Object> steps, boolean ownRegex, boolean ignoresMerges) {}

    private static final Map<String, Pre> PRES =
            Map.of(
                    "llama-bpe", new Pre(List.of(split(THREE_DIGITS)), false, true),
                    "smaug-bpe", new Pre(List.of(split(THREE_DIGITS)), false, false),
                    "qwen2", new Pre(List.of(split(ONE_DIGIT)), false, false),
                    "gpt-2", new Pre(List.of(), true, false),
                    "smollm", new Pre(List.of(digits()), true, false));

    private final GgufVocabulary vocabulary;

    private ByteLevelTokenizer(GgufVocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /**
     * The file.
     *
     * @throws UnsupportedException where the pre-tokenizer is not one of those known here
     */
    static JsonObject of(GgufVocabulary vocabulary) {
        String name = vocabulary.pre().orElse("default");
        Pre pre = PRES.get(name);
        if (pre == null) {
            throw new UnsupportedException(
                    "tokenizer.ggml.pre \"%s\": no tokenizer.json can be made of it"
                            .formatted(name),
                    "Give the original tokenizer with --tokenizer.");
        }
        return new ByteLevelTokenizer(vocabulary).json(pre);
    }

    private JsonObject json(Pre pre) {
        SequencedMap<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", JsonNull.NULL);
        json.put("padding", JsonNull.NULL);
        json.put("added_tokens", addedTokens());
        json.put("normalizer", normalizer());
        List<Object> steps = new ArrayList<>(pre.steps());
        steps.add(byteLevel(false, true, pre.ownRegex()));
        json.put(
                "pre_tokenizer",
                steps.size() == 1
                        ? steps.getFirst()
                        : object("type", "Sequence", "pretokenizers", steps));
        json.put("post_processor", postProcessor());
        json.put("decoder", byteLevel(true, true, true));
        json.put("model", model(pre));
        return (JsonObject) JsonValue.of(json);
    }

    private static boolean isAdded(Token token) {
        return token.type() == TokenType.CONTROL || token.type() == TokenType.USER_DEFINED;
    }

    private List<Object> addedTokens() {
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            Token token = vocabulary.tokens().get(id);
            if (!isAdded(token)) continue;
            added.add(
                    object(
                            "id",
                            id,
                            "content",
                            token.text(),
                            "single_word",
                            false,
                            "lstrip",
                            false,
                            "rstrip",
                            false,
                            "normalized",
                            false,
                            "special",
                            token.type() == TokenType.CONTROL));
        }
        return added;
    }

    private Object model(Pre pre) {
        SequencedMap<String, Object> vocab = new LinkedHashMap<>();
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            Token token = vocabulary.tokens().get(id);
            if (isAdded(token) || token.type() == TokenType.UNUSED) continue;
            if (vocab.putIfAbsent(token.text(), id) != null) {
                throw new MalformedException(
                        "tokenizer.ggml.tokens: \"%s\" is there twice".formatted(token.text()));
            }
        }
        List<Object> merges = new ArrayList<>();
        for (String merge : vocabulary.merges()) {
            int space = merge.indexOf(' ', 1);
            if (space < 0) {
                throw new MalformedException(
                        "tokenizer.ggml.merges: \"%s\": expected two parts with a space between"
                                .formatted(merge));
            }
            merges.add(List.of(merge.substring(0, space), merge.substring(space + 1)));
        }
        return object(
                "type",
                "BPE",
                "dropout",
                JsonNull.NULL,
                "unk_token",
                JsonNull.NULL,
                "continuing_subword_prefix",
                JsonNull.NULL,
                "end_of_word_suffix",
                JsonNull.NULL,
                "fuse_unk",
                false,
                "byte_fallback",
                false,
                "ignore_merges",
                pre.ignoresMerges(),
                "vocab",
                vocab,
                "merges",
                merges);
    }

    private Object normalizer() {
        List<Object> steps = new ArrayList<>();
        vocabulary
                .normalizers()
                .forEach(
                        (name, on) -> {
                            if (!on) return;
                            steps.add(
                                    switch (name) {
                                        case "nfc" -> object("type", "NFC");
                                        case "lowercase" -> object("type", "Lowercase");
                                        default -> object("type", "StripAccents");
                                    });
                        });
        if (steps.isEmpty()) return JsonNull.NULL;
        return steps.size() == 1
                ? steps.getFirst()
                : object("type", "Sequence", "normalizers", steps);
    }

    private Object postProcessor() {
        Optional<String> bos = added("bos");
        Optional<String> eos = added("eos");
        if (bos.isEmpty() && eos.isEmpty()) return byteLevel(false, false, false);
        SequencedMap<String, Object> specials = new LinkedHashMap<>();
        bos.ifPresent(text -> specials.put(text, description("bos", text)));
        eos.ifPresent(text -> specials.put(text, description("eos", text)));
        return object(
                "type",
                "Sequence",
                "processors",
                List.of(
                        byteLevel(true, false, true),
                        object(
                                "type",
                                "TemplateProcessing",
                                "single",
                                template(bos, eos, "A"),
                                "pair",
                                template(bos, eos, "A", "B"),
                                "special_tokens",
                                specials)));
    }

    private static List<Object> template(
            Optional<String> bos, Optional<String> eos, String... sequences) {
        List<Object> items = new ArrayList<>();
        for (int type = 0; type < sequences.length; type++) {
            Object typeId = type;
            bos.ifPresent(
                    text ->
                            items.add(
                                    object("SpecialToken", object("id", text, "type_id", typeId))));
            items.add(object("Sequence", object("id", sequences[type], "type_id", typeId)));
            eos.ifPresent(
                    text ->
                            items.add(
                                    object("SpecialToken", object("id", text, "type_id", typeId))));
        }
        return items;
    }

    private Object description(String name, String text) {
        return object(
                "id",
                text,
                "ids",
                List.of(vocabulary.specialId(name).orElseThrow()),
                "tokens",
                List.of(text));
    }

    /** The text of a special token that is put around a text. */
    private Optional<String> added(String name) {
        boolean on = vocabulary.addSpecial().getOrDefault(name, false);
        return on
                ? vocabulary.specialId(name).map(id -> vocabulary.tokens().get(id).text())
                : Optional.empty();
    }

    private static Object split(String regex) {
        return object(
                "type",
                "Split",
                "pattern",
                object("Regex", regex),
                "behavior",
                "Isolated",
                "invert",
                false);
    }

    private static Object digits() {
        return object("type", "Digits", "individual_digits", true);
    }

    private static Object byteLevel(boolean prefix, boolean trim, boolean regex) {
        return object(
                "type",
                "ByteLevel",
                "add_prefix_space",
                prefix,
                "trim_offsets",
                trim,
                "use_regex",
                regex);
    }

    private static SequencedMap<String, Object> object(Object... members) {
        SequencedMap<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < members.length; i += 2) {
            object.put(String.valueOf(members[i]), members[i + 1]);
        }
        return object;
    }
}
