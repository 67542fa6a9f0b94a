package tk.modelfile;

import tk.error.UsageException;
import tk.gotemplate.GoNumbers;
import tk.json.JsonValue;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parameters that Ollama knows, with their types; any other name makes it refuse the Modelfile.
 *
 * <p>Source: Ollama's {@code api/types.go} as of version 0.33.
 */
public final class OllamaParameters {
    private enum Type {
        INTEGER("whole number"),
        NUMBER("number"),
        BOOLEAN("true or false"),
        TEXT("text");

        private final String label;

        Type(String label) {
            this.label = label;
        }
    }

    private static final Map<String, Type> TYPES =
            Map.ofEntries(
                    Map.entry("num_ctx", Type.INTEGER),
                    Map.entry("num_batch", Type.INTEGER),
                    Map.entry("num_gpu", Type.INTEGER),
                    Map.entry("main_gpu", Type.INTEGER),
                    Map.entry("use_mmap", Type.BOOLEAN),
                    Map.entry("num_thread", Type.INTEGER),
                    Map.entry("draft_num_predict", Type.INTEGER),
                    Map.entry("num_keep", Type.INTEGER),
                    Map.entry("seed", Type.INTEGER),
                    Map.entry("num_predict", Type.INTEGER),
                    Map.entry("top_k", Type.INTEGER),
                    Map.entry("top_p", Type.NUMBER),
                    Map.entry("min_p", Type.NUMBER),
                    Map.entry("typical_p", Type.NUMBER),
                    Map.entry("repeat_last_n", Type.INTEGER),
                    Map.entry("temperature", Type.NUMBER),
                    Map.entry("repeat_penalty", Type.NUMBER),
                    Map.entry("presence_penalty", Type.NUMBER),
                    Map.entry("frequency_penalty", Type.NUMBER),
                    Map.entry("stop", Type.TEXT));

    /** Ollama warns of these and goes on without them. */
    private static final Set<String> DEPRECATED =
            Set.of(
                    "penalize_newline",
                    "low_vram",
                    "f16_kv",
                    "logits_all",
                    "vocab_only",
                    "use_mlock",
                    "mirostat",
                    "mirostat_tau",
                    "mirostat_eta");

    private static final Pattern DECIMAL =
            Pattern.compile("[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?");
    private static final Pattern HEXADECIMAL =
            Pattern.compile(
                    "[+-]?0[xX]([0-9a-fA-F]+(\\.[0-9a-fA-F]*)?|\\.[0-9a-fA-F]+)[pP][+-]?[0-9]+");
    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+");

    private OllamaParameters() {}

    /** Whether Ollama once knew it, and today only warns. */
    public static boolean isDeprecated(String name) {
        return DEPRECATED.contains(name);
    }

    /**
     * Checks a parameter as Ollama would.
     *
     * @throws UsageException where the name is unknown or the value is not of its type
     */
    public static void check(String name, String value) {
        refusal(name, value)
                .ifPresent(
                        why -> {
                            throw new UsageException(
                                    why,
                                    TYPES.containsKey(name)
                                            ? null
                                            : "Parameters: "
                                                    + String.join(
                                                            ", ",
                                                            TYPES.keySet().stream()
                                                                    .sorted()
                                                                    .toList())
                                                    + ".");
                        });
    }

    /** Why Ollama refuses a parameter, if it does. A deprecated one counts as refused. */
    public static Optional<String> refusal(String name, String value) {
        Type type = TYPES.get(name);
        if (type == null) {
            return Optional.of(
                    isDeprecated(name)
                            ? "Ollama parameter `" + name + "` is deprecated and has no effect"
                            : "unknown Ollama parameter `" + name + "`");
        }
        boolean valid =
                switch (type) {
                    case INTEGER -> isInteger(value);
                    case NUMBER -> isNumber(value);
                    case BOOLEAN -> value.matches("1|t|T|TRUE|true|True|0|f|F|FALSE|false|False");
                    case TEXT -> true;
                };
        return valid
                ? Optional.empty()
                : Optional.of(
                        "Ollama parameter `%s`: `%s` is no %s".formatted(name, value, type.label));
    }

    /**
     * A parameter's value as Ollama stores it; numbers went through a double on the way.
     *
     * @throws UsageException as {@link #check} does
     */
    public static JsonValue value(String name, String text) {
        check(name, text);
        Type type = TYPES.get(name);
        return switch (type == null ? Type.TEXT : type) {
            case INTEGER -> new JsonValue.JsonNumber(GoNumbers.text((double) Long.parseLong(text)));
            case NUMBER -> new JsonValue.JsonNumber(GoNumbers.text(Float.parseFloat(text)));
            case BOOLEAN -> JsonValue.of(text.startsWith("1") || text.matches("[tT].*"));
            case TEXT -> JsonValue.of(text);
        };
    }

    private static boolean isInteger(String value) {
        if (!INTEGER.matcher(value).matches()) return false;
        try {
            Long.parseLong(value);
            return true;
        } catch (NumberFormatException beyond) {
            return false;
        }
    }

    /** What Go parses as a 32-bit float and JSON can hold: no infinity, no NaN. */
    private static boolean isNumber(String value) {
        if (!DECIMAL.matcher(value).matches() && !HEXADECIMAL.matcher(value).matches())
            return false;
        return Float.isFinite(Float.parseFloat(value));
    }
}
