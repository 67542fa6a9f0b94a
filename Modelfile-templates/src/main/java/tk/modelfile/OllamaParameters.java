package tk.modelfile;

import tk.error.UsageException;

import java.util.Map;

/**
 * The parameters that Ollama knows, with their types; any other name makes it refuse the Modelfile.
 *
 * <p>Source: Ollama's {@code api/types.go} as of version 0.33.
 */
public final class OllamaParameters {
    private enum Type {
        INTEGER,
        NUMBER,
        BOOLEAN,
        TEXT
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

    private OllamaParameters() {}

    /**
     * Checks a parameter as Ollama would.
     *
     * @throws UsageException where the name is unknown or the value is not of its type
     */
    public static void check(String name, String value) {
        Type type = TYPES.get(name);
        if (type == null) {
            throw new UsageException(
                    "unknown Ollama parameter `" + name + "`",
                    "Parameters: "
                            + String.join(", ", TYPES.keySet().stream().sorted().toList())
                            + ".");
        }
        boolean valid =
                switch (type) {
                    case INTEGER -> value.matches("[+-]?\\d{1,18}");
                    case NUMBER -> value.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?");
                    case BOOLEAN -> value.matches("1|t|T|TRUE|true|True|0|f|F|FALSE|false|False");
                    case TEXT -> true;
                };
        if (!valid) {
            throw new UsageException(
                    "Ollama parameter `%s`: `%s` is no %s".formatted(name, value, name(type)),
                    null);
        }
    }

    private static String name(Type type) {
        return switch (type) {
            case INTEGER -> "whole number";
            case NUMBER -> "number";
            case BOOLEAN -> "true or false";
            case TEXT -> "text";
        };
    }
}
