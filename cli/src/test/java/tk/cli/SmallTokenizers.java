package tk.cli;

import tk.tokenizer.ChatTemplates;
import tk.tokenizer.GgufVocabulary;
import tk.tokenizer.GgufVocabulary.Token;
import tk.tokenizer.SentencePieceWriter;
import tk.tokenizer.TokenType;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/** Tokenizers with few tokens that take any text, in the files of Llama 2 and Llama 3. */
final class SmallTokenizers {
    private static final String LETTERS = "abcçdefgğhıijklmnoöprsştuüvyzABCİĞ.,?!'0123456789\n";

    /** Llama 3's way to cut a text. */
    private static final String WORDS =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final List<String> SPECIALS =
            List.of(
                    "<|begin_of_text|>",
                    "<|end_of_text|>",
                    "<|start_header_id|>",
                    "<|end_header_id|>",
                    "<|eom_id|>",
                    "<|eot_id|>");

    /** Pairs of letters that are one token; both files list the same. */
    private static final List<String> PAIRS =
            List.of("la", "ar", "in", "er", "de", "le", "bi", "ka", "an", "th", "he", "at");

    private SmallTokenizers() {}

    /** How many pieces {@link #sentencePiece} has: an even number. */
    static int words(int more) {
        return pieces(more).size();
    }

    /**
     * A {@code tokenizer.model}, with byte pieces.
     *
     * @param more pieces than the smallest has; an even number
     */
    static byte[] sentencePiece(int more) {
        List<Token> tokens = pieces(more);
        SequencedMap<String, Integer> ids = new LinkedHashMap<>();
        ids.put("bos", 1);
        ids.put("eos", 2);
        ids.put("unk", 0);
        return SentencePieceWriter.write(
                new GgufVocabulary(
                        GgufVocabulary.SPM,
                        Optional.empty(),
                        tokens,
                        true,
                        List.of(),
                        ids,
                        new LinkedHashMap<>(),
                        Optional.of(true),
                        new LinkedHashMap<>(),
                        ChatTemplates.NONE),
                tokens.size());
    }

    private static List<Token> pieces(int more) {
        List<Token> tokens = new ArrayList<>();
        tokens.add(new Token("<unk>", 0, TokenType.UNKNOWN));
        tokens.add(new Token("<s>", 0, TokenType.CONTROL));
        tokens.add(new Token("</s>", 0, TokenType.CONTROL));
        for (int b = 0; b < 256; b++)
            tokens.add(new Token("<0x%02X>".formatted(b), 0, TokenType.BYTE));
        int score = 0;
        for (String pair : PAIRS) tokens.add(new Token(pair, --score, TokenType.NORMAL));
        tokens.add(new Token("▁", --score, TokenType.NORMAL));
        for (char c : LETTERS.replace("\n", "").toCharArray())
            tokens.add(new Token(Character.toString(c), --score, TokenType.NORMAL));
        if (tokens.size() % 2 == 1) tokens.add(new Token("Ş", --score, TokenType.NORMAL));
        for (int i = 0; i < more; i++)
            tokens.add(new Token("▁" + LETTERS.charAt(i), score - 1 - i, TokenType.NORMAL));
        return tokens;
    }

    /** How many tokens {@link #byteLevel} has. */
    static int byteLevelWords() {
        return 256 + PAIRS.size() + SPECIALS.size();
    }

    /** The id of a special token of {@link #byteLevel}. */
    static int special(String text) {
        return 256 + PAIRS.size() + SPECIALS.indexOf(text);
    }

    /** A {@code tokenizer.json} of byte-level BPE, as Llama 3 has it. */
    static Map<String, Object> byteLevel() {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        int shifted = 256;
        for (int b = 0; b < 256; b++) {
            boolean itself = b > ' ' && b <= '~' || b >= 0xa1 && b != 0xad;
            vocabulary.put(Character.toString(itself ? b : shifted++), b);
        }
        List<Object> merges = new ArrayList<>();
        for (String pair : PAIRS) {
            vocabulary.put(pair, vocabulary.size());
            merges.add(List.of(pair.substring(0, 1), pair.substring(1)));
        }
        List<Object> added = new ArrayList<>();
        for (String text : SPECIALS) {
            Map<String, Object> token = new LinkedHashMap<>();
            token.put("id", special(text));
            token.put("content", text);
            for (String no : List.of("single_word", "lstrip", "rstrip", "normalized"))
                token.put(no, false);
            token.put("special", true);
            added.add(token);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("version", "1.0");
        all.put("added_tokens", added);
        all.put(
                "pre_tokenizer",
                Map.of(
                        "type",
                        "Sequence",
                        "pretokenizers",
                        List.of(
                                Map.of(
                                        "type",
                                        "Split",
                                        "pattern",
                                        Map.of("Regex", WORDS),
                                        "behavior",
                                        "Isolated",
                                        "invert",
                                        false),
                                Map.of(
                                        "type",
                                        "ByteLevel",
                                        "add_prefix_space",
                                        false,
                                        "trim_offsets",
                                        true,
                                        "use_regex",
                                        false))));
        all.put("post_processor", postProcessor());
        all.put(
                "decoder",
                Map.of(
                        "type",
                        "ByteLevel",
                        "add_prefix_space",
                        true,
                        "trim_offsets",
                        true,
                        "use_regex",
                        true));
        all.put(
                "model",
                Map.of(
                        "type",
                        "BPE",
                        "ignore_merges",
                        true,
                        "byte_fallback",
                        false,
                        "vocab",
                        vocabulary,
                        "merges",
                        merges));
        return all;
    }

    private static Map<String, Object> postProcessor() {
        String bos = SPECIALS.getFirst();
        Map<String, Object> first = Map.of("SpecialToken", Map.of("id", bos, "type_id", 0));
        Map<String, Object> text = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        Map<String, Object> other = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
        return Map.of(
                "type",
                "TemplateProcessing",
                "single",
                List.of(first, text),
                "pair",
                List.of(first, text, first, other),
                "special_tokens",
                Map.of(
                        bos,
                        Map.of("id", bos, "ids", List.of(special(bos)), "tokens", List.of(bos))));
    }
}
