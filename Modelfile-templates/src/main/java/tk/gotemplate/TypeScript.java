package tk.gotemplate;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** A tool's property in the words of TypeScript: Ollama's {@code toTypeScriptType}. */
final class TypeScript {
    private static final String ANY = "any";

    private TypeScript() {}

    static String of(Object value) {
        if (!(value instanceof Struct property) || !property.type().equals("api.ToolProperty"))
            return ANY;
        if (property.field("AnyOf").orElse(List.of()) instanceof List<?> choices
                && !choices.isEmpty())
            return choices.stream().map(TypeScript::of).collect(Collectors.joining(" | "));
        Optional<Object> types = property.field("Type");
        if (types.isPresent() && types.get() instanceof Printed.Types names && !names.isEmpty())
            return names.types().stream().map(TypeScript::word).collect(Collectors.joining(" | "));
        return ANY;
    }

    private static String word(String jsonType) {
        return switch (jsonType) {
            case "string", "boolean", "null" -> jsonType;
            case "number", "integer" -> "number";
            case "array" -> "any[]";
            case "object" -> "Record<string, any>";
            default -> ANY;
        };
    }
}
