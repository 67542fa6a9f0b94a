package tk.tokenizer;

import tk.tokenizer.GgufPreTokenizers.Known;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a pre-tokenizer that llama.cpp knows by name is in a tokenizer.json: the expressions by
 * which its {@code Split} steps cut, one after the other.
 *
 * <p>Where llama.cpp spells an expression otherwise than the models it was made for, because its
 * own matcher knows less, the models' spelling is given; elsewhere llama.cpp's. The two directions,
 * from a name to a file and from a file to a name, go by this one table.
 *
 * @param expressions in Oniguruma's notation
 * @param ignoresMerges whether a word that is a token isn't merged
 */
public record PreTokenizerSteps(List<String> expressions, boolean ignoresMerges) {
    private static final String SHORT_FORM = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String START = "[^\\r\\n\\p{L}\\p{N}]?";
    private static final String SPACES = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + SPACES;
    private static final String REST_AND_SLASH = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + SPACES;
    private static final String LETTERS = SHORT_FORM + "|" + START + "\\p{L}+|";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String SMALL = START + UPPER + "*" + LOWER + "+";
    private static final String CAPITAL = START + UPPER + "+" + LOWER + "*";

    /** By the usual name of a kind. */
    private static final Map<String, List<String>> PUBLISHED =
            Map.of(
                    "llama-bpe", List.of(LETTERS + "\\p{N}{1,3}" + REST),
                    "smaug-bpe", List.of(LETTERS + "\\p{N}{1,3}" + REST),
                    "qwen2", List.of(LETTERS + "\\p{N}" + REST),
                    "qwen35",
                            List.of(
                                    SHORT_FORM
                                            + "|"
                                            + START
                                            + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
                                            + SPACES),
                    "gpt-4o",
                            List.of(
                                    SMALL
                                            + SHORT_FORM
                                            + "?|"
                                            + CAPITAL
                                            + SHORT_FORM
                                            + "?|\\p{N}{1,3}"
                                            + REST_AND_SLASH),
                    "tekken", List.of(SMALL + "|" + CAPITAL + "|\\p{N}" + REST_AND_SLASH),
                    "deepseek-v3",
                            List.of(
                                    "\\p{N}{1,3}",
                                    "[一-龥\u3040-ゟ゠-ヿ]+",
                                    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                                            + "| ?[\\p{P}\\p{S}]+[\\r\\n]*"
                                            + SPACES));

    private static final Map<Known, PreTokenizerSteps> BY_KIND = new HashMap<>();
    private static final Map<PreTokenizerSteps, String> NAMES = new HashMap<>();

    static {
        for (String name : GgufPreTokenizers.names()) {
            Known kind = GgufPreTokenizers.named(Optional.of(name));
            if (BY_KIND.containsKey(kind)) continue;
            List<String> expressions = PUBLISHED.getOrDefault(name, kind.regexes());
            PreTokenizerSteps steps = new PreTokenizerSteps(expressions, kind.ignoresMerges());
            BY_KIND.put(kind, steps);
            NAMES.putIfAbsent(steps, name);
        }
    }

    /** The usual names, one for each kind that llama.cpp knows. */
    public static List<String> names() {
        return NAMES.values().stream().sorted().toList();
    }

    /** Copies the list. */
    public PreTokenizerSteps {
        expressions = List.copyOf(expressions);
    }

    /**
     * The steps of a name.
     *
     * @throws tk.error.UnsupportedException where tk knows no such name
     */
    public static PreTokenizerSteps of(String name) {
        PreTokenizerSteps steps = BY_KIND.get(GgufPreTokenizers.named(Optional.of(name)));
        if (steps == null) throw new IllegalStateException(name);
        return steps;
    }

    /** The usual name of these steps, where llama.cpp has one. */
    Optional<String> name() {
        return Optional.ofNullable(NAMES.get(this));
    }

    /**
     * Whether the last step is the expression that tokenizer.json's ByteLevel step holds itself.
     */
    public boolean endsAsGpt2() {
        return expressions.getLast().equals(JsonPreTokenizer.GPT2);
    }
}
