package tk.tokenizer;

import tk.error.UnsupportedException;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The pre-tokenizers that llama.cpp knows by the name in {@code tokenizer.ggml.pre}.
 *
 * <p>Where a model's own expression tells capital from small letters, llama.cpp does so for ASCII
 * only; these are its expressions, not the models'.
 *
 * <p>Source: llama.cpp, {@code llama-vocab.cpp}, {@code llm_tokenizer_bpe}; {@code unicode.cpp}.
 */
final class GgufPreTokenizers {
    private static final String CONTRACTIONS =
            "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]";
    private static final String WORD = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
    private static final String SIGNS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";
    private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 =
            String.join("|", CONTRACTIONS, WORD, "\\p{N}{1,3}", SIGNS, SPACES);
    private static final String QWEN2 =
            String.join("|", CONTRACTIONS, WORD, "\\p{N}", SIGNS, SPACES);

    private static final String UPPER = "[\\p{L}&&[^a-z]]";
    private static final String LOWER = "[\\p{L}&&[^A-Z]]";
    private static final String ANY_START = "[^\\r\\n\\p{L}\\p{N}]?";
    private static final String SIGNS_AND_SLASH = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*";

    private static final Map<String, Known> BY_NAME = new LinkedHashMap<>();

    /**
     * What a name stands for.
     *
     * @param regexes each cuts what the one before it cut out
     * @param ignoresMerges whether a word that is a token isn't merged at all
     * @param addsBos whether a text begins with the bos token where the file doesn't say
     */
    record Known(List<String> regexes, boolean ignoresMerges, boolean addsBos) {
        PreTokenizer preTokenizer() {
            PreTokenizer all =
                    regexes.stream()
                            .map(regex -> (PreTokenizer) RegexPreTokenizer.of(regex))
                            .reduce(PreTokenizer::then)
                            .orElse(PreTokenizer.whole());
            return (text, from, to, words) ->
                    all.cut(LlamaCppUnicode.of(text, from, to), from, to, words);
        }
    }

    static {
        put(
                true,
                List.of(LLAMA3),
                "llama-bpe",
                "llama3",
                "llama-v3",
                "falcon3",
                "falcon-h1",
                "pixtral",
                "midm-2.0",
                "lfm2",
                "jina-v5-nano");
        put(false, List.of(LLAMA3), "smaug-bpe", "dbrx", "glm4", "chatglm-bpe");
        put(
                false,
                List.of(QWEN2),
                "qwen2",
                "deepseek-r1-qwen",
                "kormo",
                "f2llmv2",
                "stablelm2",
                "hunyuan",
                "solar-open",
                "megrez",
                "grok-2");
        put(
                false,
                List.of(
                        String.join(
                                "|",
                                CONTRACTIONS,
                                "[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+",
                                "\\p{N}",
                                " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*",
                                SPACES)),
                "qwen35");
        put(false, List.of(String.join("|", WORD, "\\p{N}", SIGNS, SPACES)), "ufakzeka");
        put(
                false,
                List.of(GPT2),
                "gpt-2",
                "phi-2",
                "jina-es",
                "jina-de",
                "gigachat",
                "jina-v2-es",
                "jina-v2-de",
                "a.x-4.0",
                "mellum",
                "modern-bert",
                "exaone4",
                "jina-v1-en",
                "jina-v2-code",
                "roberta-bpe",
                "mpt",
                "olmo",
                "jais",
                "trillion",
                "granite-docling");
        put(
                false,
                List.of("\\p{N}", GPT2),
                "smollm",
                "starcoder",
                "refact",
                "command-r",
                "codeshell",
                "exaone",
                "minerva-7b",
                "mellum2");
        put(false, List.of("[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"), "default");
        put(false, List.of("[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]"), "falcon");
        put(
                true,
                List.of(
                        String.join(
                                "|",
                                ANY_START + UPPER + "*" + LOWER + "+",
                                ANY_START + UPPER + "+" + LOWER + "*",
                                "\\p{N}",
                                SIGNS_AND_SLASH,
                                SPACES)),
                "tekken");
        put(
                false,
                List.of(
                        String.join(
                                "|",
                                ANY_START + UPPER + "*" + LOWER + "+(?:" + CONTRACTIONS + ")?",
                                ANY_START + UPPER + "+" + LOWER + "*(?:" + CONTRACTIONS + ")?",
                                "\\p{N}{1,3}",
                                SIGNS_AND_SLASH,
                                SPACES)),
                "gpt-4o",
                "llama4",
                "kanana2",
                "talkie",
                "minimax-m2");
        put(
                false,
                List.of(
                        "\\p{N}{1,3}",
                        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
                        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                                + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                                + "| ?[\\p{P}\\p{S}]+[\\r\\n]*|"
                                + SPACES),
                "deepseek-v3",
                "hunyuan-dense",
                "joyai-llm",
                "hy_v4");
        put(
                false,
                List.of(
                        "[\\r\\n]",
                        "\\s?\\p{L}+",
                        "\\s?\\p{P}+",
                        // Other white space than ASCII's is no part of it, as llama.cpp reads it.
                        "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff&&[^\\s]]+",
                        "\\p{N}"),
                "deepseek-coder");
        put(
                false,
                List.of(
                        String.join(
                                "|",
                                CONTRACTIONS,
                                WORD,
                                "\\p{N}",
                                " ?[^\\s\\p{L}\\p{N}\\r\\n]+",
                                SPACES)),
                "seed-coder");
        put(false, List.of(" ?[^(\\s|.,!?…。，、।۔،)]+"), "poro-chat", "bloom", "gpt3-finnish");
        put(false, List.of(" ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}"), "viking");
    }

    static {
        BY_NAME.put(
                "minicpm5",
                new Known(
                        List.of(
                                "\\p{N}{1,3}",
                                String.join("|", CONTRACTIONS, WORD, "\\p{N}+", SIGNS, SPACES)),
                        true,
                        false));
        put(
                false,
                List.of(
                        "'[sSdDmMtT]|'[lL][lL]|'[vV][eE]|'[rR][eE]|"
                                + String.join("|", WORD, "\\p{N}", SIGNS)
                                + "|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"),
                "bailingmoe",
                "bailingmoe2",
                "llada-moe");
        put(false, List.of("[^\\n]+|\\n+", QWEN2), "laguna");
    }

    private static void put(boolean ignoresMerges, List<String> regexes, String... names) {
        Known known = new Known(regexes, ignoresMerges, ignoresMerges);
        for (String name : names) BY_NAME.put(name, known);
    }

    private GgufPreTokenizers() {}

    /** The names, each family's usual one first. */
    static Set<String> names() {
        return BY_NAME.keySet();
    }

    /** Whether llama.cpp begins a text with the bos token where the file doesn't say. */
    static boolean addsBos(String name) {
        Known known = BY_NAME.get(name);
        return known != null && known.addsBos;
    }

    /** What a name stands for; llama.cpp takes a missing one for {@code default}. */
    static Known named(Optional<String> name) {
        Known known = BY_NAME.get(name.orElse("default"));
        if (known != null) return known;
        throw new UnsupportedException(
                "tokenizer.ggml.pre is \"%s\"".formatted(name.orElse("")),
                "tk knows: " + String.join(", ", BY_NAME.keySet()));
    }
}
