package tk.tokenizer;

import tk.error.IoException;
import tk.error.MalformedException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * Tiktoken's ranks as text, a line a token: Base64 of its bytes, a space, its rank, which is also
 * its id. Llama 3's {@code tokenizer.model} is such a file.
 *
 * @param tokens byte-level spelling of the tokens, by rank
 */
public record Tiktoken(List<String> tokens) {
    private static final long MAX_FILE = 1L << 28;

    /** The expression by which Llama 3 cuts a text into words. */
    static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    /** Copies the list. */
    public Tiktoken {
        tokens = List.copyOf(tokens);
    }

    /** Whether a file starts as such a file does: Base64, a space, digits, a line feed. */
    public static boolean recognises(byte[] head) {
        int at = 0;
        while (at < head.length && isBase64(head[at])) at++;
        int space = at;
        if (space == 0 || space >= head.length || head[at++] != ' ') return false;
        int digits = at;
        while (at < head.length && head[at] >= '0' && head[at] <= '9') at++;
        return at > digits && at < head.length && (head[at] == '\n' || head[at] == '\r');
    }

    private static boolean isBase64(byte b) {
        return (b >= 'A' && b <= 'Z')
                || (b >= 'a' && b <= 'z')
                || (b >= '0' && b <= '9')
                || b == '+'
                || b == '/'
                || b == '=';
    }

    /** Reads a file. */
    public static Tiktoken read(Path file) {
        try {
            if (Files.size(file) > MAX_FILE) {
                throw new MalformedException(file + ": too large for a file of ranks");
            }
            return parse(Files.readString(file, StandardCharsets.ISO_8859_1), file.toString());
        } catch (NoSuchFileException e) {
            throw new IoException(file + ": no such file", "Check the path.", e);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be read: " + e.getMessage(), null, e);
        }
    }

    /**
     * The ranks in a text.
     *
     * @param place what to call it in errors
     */
    public static Tiktoken parse(String text, String place) {
        List<String> tokens = new ArrayList<>();
        Map<String, Integer> seen = new HashMap<>();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            if (line.isBlank()) continue;
            int space = line.indexOf(' ');
            try {
                byte[] bytes = Base64.getDecoder().decode(line.substring(0, Math.max(space, 0)));
                int rank = Integer.parseInt(line.substring(space + 1).trim());
                String token = ByteLevel.text(bytes, 0, bytes.length);
                if (bytes.length == 0 || rank != tokens.size() || seen.put(token, rank) != null) {
                    throw new MalformedException(
                            "%s, line %d: expected a new token with the rank %d"
                                    .formatted(place, number, tokens.size()));
                }
                tokens.add(token);
            } catch (IllegalArgumentException e) {
                throw new MalformedException(
                        "%s, line %d: expected Base64, a space and a rank".formatted(place, number),
                        null,
                        e);
            }
        }
        return new Tiktoken(tokens);
    }

    /** The names of Llama 3's special tokens: 256, after the ranks. */
    public enum Specials {
        /** Llama 3. */
        LLAMA_3(
                "begin_of_text",
                "end_of_text",
                "",
                "",
                "",
                "",
                "start_header_id",
                "end_header_id",
                "",
                "eot_id"),
        /** Llama 3.1 and later. */
        LLAMA_3_1(
                "begin_of_text",
                "end_of_text",
                "",
                "",
                "finetune_right_pad_id",
                "",
                "start_header_id",
                "end_header_id",
                "eom_id",
                "eot_id",
                "python_tag");

        private static final int COUNT = 256;

        @SuppressWarnings("ImmutableEnumChecker") // List.copyOf's lists cannot be changed.
        private final List<String> names;

        Specials(String... named) {
            List<String> all = new ArrayList<>();
            int reserved = 0;
            for (int i = 0; i < COUNT; i++) {
                boolean free = i >= named.length || named[i].isEmpty();
                all.add("<|" + (free ? "reserved_special_token_" + reserved++ : named[i]) + "|>");
            }
            names = List.copyOf(all);
        }

        /**
         * Those of a model with such a {@code config.json}: the file of ranks is the same for all,
         * but only from 3.1 on is the rope scaled.
         */
        public static Specials of(JsonObject config) {
            boolean scaled =
                    Stream.of("rope_scaling", "rope_parameters")
                            .flatMap(name -> config.object(name).stream())
                            .flatMap(
                                    rope ->
                                            Stream.of("rope_type", "type")
                                                    .flatMap(name -> rope.string(name).stream()))
                            .anyMatch("llama3"::equalsIgnoreCase);
            return scaled ? LLAMA_3_1 : LLAMA_3;
        }

        /** Their texts, in order. */
        public List<String> names() {
            return names;
        }
    }

    /**
     * The same tokenizer as a tokenizer.json: what {@code transformers} makes of Llama 3's file.
     *
     * @param specials the control tokens after the ranks; the first begins every text
     */
    public JsonObject tokenizerJson(List<String> specials) {
        Map<String, Integer> ranks = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) ranks.put(tokens.get(id), id);
        List<Object> merges = new ArrayList<>();
        for (String token : tokens) {
            // All ways to put a token together, those of the earliest parts first.
            List<List<String>> splits = new ArrayList<>();
            for (int i = 1; i < token.length(); i++) {
                String left = token.substring(0, i);
                String right = token.substring(i);
                if (ranks.containsKey(left) && ranks.containsKey(right)) {
                    splits.add(List.of(left, right));
                }
            }
            splits.sort(
                    Comparator.comparing((List<String> split) -> ranks.get(split.get(0)))
                            .thenComparing(split -> ranks.get(split.get(1))));
            merges.addAll(splits);
        }
        List<Object> added = new ArrayList<>();
        for (int i = 0; i < specials.size(); i++) {
            added.add(
                    object(
                            "id", tokens.size() + i,
                            "content", specials.get(i),
                            "single_word", false,
                            "lstrip", false,
                            "rstrip", false,
                            "normalized", false,
                            "special", true));
        }
        SequencedMap<String, Object> vocab = new LinkedHashMap<>();
        for (int id = 0; id < tokens.size(); id++) vocab.put(tokens.get(id), id);
        return (JsonObject)
                JsonValue.of(
                        object(
                                "version",
                                "1.0",
                                "truncation",
                                JsonValue.JsonNull.NULL,
                                "padding",
                                JsonValue.JsonNull.NULL,
                                "added_tokens",
                                added,
                                "normalizer",
                                JsonValue.JsonNull.NULL,
                                "pre_tokenizer",
                                preTokenizer(),
                                "post_processor",
                                postProcessor(specials),
                                "decoder",
                                byteLevel(true, true, true),
                                "model",
                                object(
                                        "type",
                                        "BPE",
                                        "dropout",
                                        JsonValue.JsonNull.NULL,
                                        "unk_token",
                                        JsonValue.JsonNull.NULL,
                                        "continuing_subword_prefix",
                                        JsonValue.JsonNull.NULL,
                                        "end_of_word_suffix",
                                        JsonValue.JsonNull.NULL,
                                        "fuse_unk",
                                        false,
                                        "byte_fallback",
                                        false,
                                        "ignore_merges",
                                        true,
                                        "vocab",
                                        vocab,
                                        "merges",
                                        merges)));
    }

    private static Object preTokenizer() {
        return object(
                "type",
                "Sequence",
                "pretokenizers",
                List.of(
                        object(
                                "type",
                                "Split",
                                "pattern",
                                object("Regex", LLAMA3),
                                "behavior",
                                "Isolated",
                                "invert",
                                false),
                        byteLevel(false, true, false)));
    }

    private Object postProcessor(List<String> specials) {
        Object byteLevel = byteLevel(true, false, true);
        if (specials.isEmpty()) return byteLevel;
        String bos = specials.getFirst();
        return object(
                "type",
                "Sequence",
                "processors",
                List.of(
                        byteLevel,
                        object(
                                "type", "TemplateProcessing",
                                "single", List.of(special(bos, 0), sequence("A", 0)),
                                "pair",
                                        List.of(
                                                special(bos, 0),
                                                sequence("A", 0),
                                                special(bos, 1),
                                                sequence("B", 1)),
                                "special_tokens",
                                        object(
                                                bos,
                                                object(
                                                        "id", bos,
                                                        "ids", List.of(tokens.size()),
                                                        "tokens", List.of(bos))))));
    }

    private static Object special(String name, int type) {
        return object("SpecialToken", object("id", name, "type_id", type));
    }

    private static Object sequence(String name, int type) {
        return object("Sequence", object("id", name, "type_id", type));
    }

    private static Object byteLevel(boolean prefixSpace, boolean trim, boolean regex) {
        return object(
                "type", "ByteLevel",
                "add_prefix_space", prefixSpace,
                "trim_offsets", trim,
                "use_regex", regex);
    }

    private static SequencedMap<String, Object> object(Object... namesAndValues) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            members.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return members;
    }
}
