package tk.modelfile;

import tk.gotemplate.OllamaTemplate;
import tk.gotemplate.Turn;
import tk.gotemplate.Turn.ToolCall;
import tk.json.Json;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonArray;
import tk.json.JsonValue.JsonObject;

import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * A conversation on which templates are compared; the model's answer is what comes next.
 *
 * @param name what is special about it
 * @param turns the last one is the user's, or a tool's
 * @param tools that the model may call, as chat templates and Ollama take them
 */
public record Conversation(String name, List<Turn> turns, JsonArray tools) {
    private static final JsonArray NO_TOOLS = new JsonArray(List.of());

    private static final JsonObject DATA = data();

    /** Those that templates have to agree on: what people say, and what templates stumble over. */
    public static final List<Conversation> BUILT_IN = read("conversations", NO_TOOLS);

    /** With tools, their calls and results. */
    public static final List<Conversation> WITH_TOOLS =
            read("toolConversations", DATA.array("tools").orElseThrow());

    /** Copies the list. */
    public Conversation {
        turns = List.copyOf(turns);
    }

    private static JsonObject data() {
        String file = "conversations.json";
        try (InputStream in = Conversation.class.getResourceAsStream(file)) {
            if (in == null) throw new IllegalStateException(file + " is missing from tk itself");
            return (JsonObject) Json.parse(in.readAllBytes(), file);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Conversation> read(String kind, JsonArray tools) {
        return DATA.array(kind).orElseThrow().items().stream()
                .map(
                        item -> {
                            JsonObject one = (JsonObject) item;
                            return new Conversation(
                                    one.string("name").orElseThrow(),
                                    one.array("messages").orElseThrow().items().stream()
                                            .map(m -> turn((JsonObject) m))
                                            .toList(),
                                    tools);
                        })
                .toList();
    }

    private static Turn turn(JsonObject message) {
        List<ToolCall> calls =
                message.array("tool_calls").map(JsonArray::items).orElse(List.of()).stream()
                        .map(item -> call((JsonObject) item))
                        .toList();
        return new Turn(
                message.string("role").orElseThrow(),
                message.string("content").orElseThrow(),
                calls,
                message.string("name").orElse(""),
                message.string("tool_call_id").orElse(""));
    }

    private static ToolCall call(JsonObject call) {
        JsonObject function = call.object("function").orElseThrow();
        return new ToolCall(
                call.string("id").orElseThrow(),
                function.string("name").orElseThrow(),
                function.object("arguments").orElseThrow());
    }

    /** The same before there are tools: none are offered. */
    Conversation withoutTools() {
        return new Conversation(name, turns, NO_TOOLS);
    }

    /** The conversation as Ollama sees it: neighbours of one role joined by a blank line. */
    Conversation joined() {
        return new Conversation(name, OllamaTemplate.collated(turns), tools);
    }

    /** Without the white space around each text. */
    Conversation trimmed() {
        return new Conversation(
                name,
                turns.stream().map(turn -> turn.withContent(turn.content().strip())).toList(),
                tools);
    }

    /** As a chat template takes it. */
    JsonObject toJson() {
        return new JsonObject(new LinkedHashMap<>())
                .with("messages", new JsonArray(turns.stream().map(Conversation::message).toList()))
                .with("tools", tools.items().isEmpty() ? JsonValue.of(null) : tools);
    }

    private static JsonValue message(Turn turn) {
        JsonObject message =
                new JsonObject(new LinkedHashMap<>())
                        .with("role", JsonValue.of(turn.role()))
                        .with("content", JsonValue.of(turn.content()));
        if (!turn.calls().isEmpty()) {
            message =
                    message.with(
                            "tool_calls",
                            new JsonArray(
                                    turn.calls().stream().map(Conversation::toolCall).toList()));
        }
        if (!turn.toolName().isEmpty())
            message = message.with("name", JsonValue.of(turn.toolName()));
        if (!turn.callId().isEmpty())
            message = message.with("tool_call_id", JsonValue.of(turn.callId()));
        return message;
    }

    private static JsonValue toolCall(ToolCall call) {
        JsonObject function =
                new JsonObject(new LinkedHashMap<>())
                        .with("name", JsonValue.of(call.name()))
                        .with("arguments", call.arguments());
        return new JsonObject(new LinkedHashMap<>())
                .with("type", JsonValue.of("function"))
                .with("id", JsonValue.of(call.id()))
                .with("function", function);
    }
}
