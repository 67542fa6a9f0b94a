package tk.gotemplate;

import tk.error.MalformedException;
import tk.gotemplate.Struct.Field;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonBoolean;
import tk.json.JsonValue.JsonNull;
import tk.json.JsonValue.JsonNumber;
import tk.json.JsonValue.JsonObject;
import tk.json.JsonValue.JsonString;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a chat request brings, as the values that a template sees: Ollama keeps of a tool what its
 * own types have fields for, and drops the rest.
 *
 * <p>Source: Ollama's {@code api/types.go} and {@code template/template.go}.
 */
final class RequestValues {
    /** The fields of all these types, and of the data itself. */
    private static final Set<String> FIELDS =
            Set.of(
                    "System",
                    "Prompt",
                    "Response",
                    "Suffix",
                    "Messages",
                    "Tools",
                    "Think",
                    "ThinkLevel",
                    "IsThinkSet",
                    "Role",
                    "Content",
                    "Thinking",
                    "Images",
                    "ToolCalls",
                    "ToolName",
                    "ToolCallID",
                    "ID",
                    "Index",
                    "Function",
                    "Name",
                    "Arguments",
                    "Description",
                    "Parameters",
                    "Type",
                    "Items",
                    "Defs",
                    "Required",
                    "Properties",
                    "AnyOf",
                    "Enum");

    private RequestValues() {}

    /** Whether there can be such fields; what an argument or a property is called is anyone's. */
    static boolean isKnown(List<String> fields) {
        for (String field : fields) {
            if (!FIELDS.contains(field)) return false;
            if (field.equals("Arguments") || field.equals("Properties")) return true;
        }
        return true;
    }

    static Object message(Turn turn) {
        List<Object> calls = new ArrayList<>();
        for (Turn.ToolCall call : turn.calls()) calls.add(call(call, calls.size()));
        return new Struct(
                "api.Message",
                List.of(
                        Field.of("Role", turn.role()),
                        Field.of("Content", turn.content()),
                        Field.of("Thinking", ""),
                        Field.of("Images", new Printed.NilList()),
                        Field.of("ToolCalls", calls.isEmpty() ? new Printed.NilList() : calls),
                        Field.of("ToolName", turn.toolName()),
                        Field.of("ToolCallID", turn.callId())));
    }

    private static Object call(Turn.ToolCall call, int index) {
        Struct function =
                new Struct(
                        "api.ToolCallFunction",
                        List.of(
                                Field.of("Index", (long) index),
                                Field.of("Name", call.name()),
                                Field.of("Arguments", map(call.arguments()))));
        return new Struct(
                "api.ToolCall", List.of(Field.of("ID", call.id()), Field.of("Function", function)));
    }

    /** The tools; nothing where there are none. */
    static Object tools(JsonArray tools) {
        List<Object> all = new ArrayList<>();
        for (JsonValue tool : tools.items()) {
            if (tool instanceof JsonObject object) all.add(tool(object));
        }
        return new Printed.JsonList(all);
    }

    private static Object tool(JsonObject tool) {
        JsonObject function = object(tool, "function");
        return new Struct(
                "api.Tool",
                List.of(
                        Field.tagged("Type", text(tool, "type"), "type"),
                        Field.optional("Items", any(tool, "items"), "items"),
                        Field.tagged("Function", function(function), "function")));
    }

    private static Object function(JsonObject function) {
        JsonObject parameters = object(function, "parameters");
        Struct declared =
                new Struct(
                        "api.ToolFunctionParameters",
                        List.of(
                                Field.tagged("Type", text(parameters, "type"), "type"),
                                Field.optional("Defs", any(parameters, "$defs"), "$defs"),
                                Field.optional("Items", any(parameters, "items"), "items"),
                                Field.optional("Required", required(parameters), "required"),
                                Field.tagged("Properties", properties(parameters), "properties")));
        return new Struct(
                "api.ToolFunction",
                List.of(
                        Field.tagged("Name", text(function, "name"), "name"),
                        Field.tagged("Description", text(function, "description"), "description"),
                        Field.tagged("Parameters", declared, "parameters")));
    }

    private static Object properties(JsonObject owner) {
        Map<String, Object> properties = new LinkedHashMap<>();
        object(owner, "properties")
                .members()
                .forEach(
                        (name, value) -> {
                            if (value instanceof JsonObject property)
                                properties.put(name, property(property));
                        });
        return new Printed.JsonMap(properties);
    }

    private static Object property(JsonObject property) {
        List<Object> anyOf = new ArrayList<>();
        for (JsonValue choice : items(property, "anyOf")) {
            if (choice instanceof JsonObject object) anyOf.add(property(object));
        }
        List<Object> enumeration = new ArrayList<>();
        items(property, "enum").forEach(value -> enumeration.add(of(value)));
        boolean nested = property.object("properties").isPresent();
        return new Struct(
                "api.ToolProperty",
                List.of(
                        Field.optional("AnyOf", anyOf, "anyOf"),
                        Field.optional("Type", types(property), "type"),
                        Field.optional("Items", any(property, "items"), "items"),
                        Field.optional("Description", text(property, "description"), "description"),
                        Field.optional("Enum", enumeration, "enum"),
                        Field.optional(
                                "Properties",
                                nested ? properties(property) : GoValues.NIL,
                                "properties"),
                        Field.optional("Required", required(property), "required")));
    }

    private static Printed.Types types(JsonObject property) {
        Optional<String> one = property.string("type");
        if (one.isPresent()) return new Printed.Types(List.of(one.get()));
        return new Printed.Types(strings(property, "type"));
    }

    private static List<Object> required(JsonObject owner) {
        return List.copyOf(strings(owner, "required"));
    }

    private static List<String> strings(JsonObject owner, String name) {
        List<String> strings = new ArrayList<>();
        for (JsonValue item : items(owner, name)) {
            if (item instanceof JsonString(String text)) strings.add(text);
        }
        return strings;
    }

    private static List<JsonValue> items(JsonObject owner, String name) {
        return owner.array(name).map(JsonArray::items).orElse(List.of());
    }

    private static String text(JsonObject owner, String name) {
        return owner.string(name).orElse("");
    }

    private static JsonObject object(JsonObject owner, String name) {
        return owner.object(name).orElse(new JsonObject(new LinkedHashMap<>()));
    }

    private static Object any(JsonObject owner, String name) {
        return owner.get(name).map(RequestValues::of).orElse(GoValues.NIL);
    }

    private static Printed.JsonMap map(JsonObject object) {
        Map<String, Object> members = new LinkedHashMap<>();
        object.members().forEach((name, value) -> members.put(name, of(value)));
        return new Printed.JsonMap(members);
    }

    private static double finite(JsonNumber number) {
        double value = number.asDouble();
        if (Double.isInfinite(value)) {
            throw new MalformedException(
                    "a conversation has the number %s, which does not fit into 64 bits"
                            .formatted(number.text()));
        }
        return value;
    }

    /** JSON as Go reads it where no type says otherwise: all numbers are floats. */
    private static Object of(JsonValue value) {
        return switch (value) {
            case JsonNull n -> GoValues.NIL;
            case JsonBoolean(boolean b) -> b;
            case JsonNumber n -> finite(n);
            case JsonString(String s) -> s;
            case JsonArray(var items) -> items.stream().map(RequestValues::of).toList();
            case JsonObject(var members) -> {
                Map<String, Object> map = new LinkedHashMap<>();
                members.forEach((name, item) -> map.put(name, of(item)));
                yield map;
            }
        };
    }
}
