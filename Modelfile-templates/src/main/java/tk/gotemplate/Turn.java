package tk.gotemplate;

import tk.json.JsonValue.JsonObject;

import java.util.List;

/**
 * One message of a conversation.
 *
 * @param role {@code system}, {@code user}, {@code assistant} or {@code tool}
 * @param content its text
 * @param calls the tools that an assistant calls
 * @param toolName of the tool whose result this is; empty where it is none, or none is named
 * @param callId the call whose result this is; empty likewise
 */
public record Turn(
        String role, String content, List<ToolCall> calls, String toolName, String callId) {
    /** Copies the list. */
    public Turn {
        calls = List.copyOf(calls);
    }

    /** Without tools. */
    public Turn(String role, String content) {
        this(role, content, List.of(), "", "");
    }

    /** A call of a tool, with what it is given. */
    public record ToolCall(String id, String name, JsonObject arguments) {}

    /** What the system says. */
    public static Turn system(String content) {
        return new Turn("system", content);
    }

    /** What the user says. */
    public static Turn user(String content) {
        return new Turn("user", content);
    }

    /** What the assistant said. */
    public static Turn assistant(String content) {
        return new Turn("assistant", content);
    }

    /** The same with another text. */
    public Turn withContent(String other) {
        return new Turn(role, other, calls, toolName, callId);
    }
}
