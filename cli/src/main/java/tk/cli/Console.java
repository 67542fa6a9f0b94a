package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Help.Ansi;

import tk.error.TkException;
import tk.json.JsonText;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/** Where output goes: results to {@code out}, everything else to {@code err}. */
final class Console {
    /** What every JSON output says of itself. */
    private static final String SCHEMA = "tk/1";

    /** All but the line feed, the carriage return before one, and the tab. */
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n\t\r]]|\r(?!\n)");

    private final PrintStream out;
    private final PrintStream err;
    private final Map<String, String> environment;
    private final boolean terminal;
    private Color color = Color.AUTO;

    /** When colours are used. */
    enum Color {
        AUTO,
        ALWAYS,
        NEVER
    }

    Console(PrintStream out, PrintStream err, Map<String, String> environment, boolean terminal) {
        this.out = out;
        this.err = err;
        this.environment = environment;
        this.terminal = terminal;
    }

    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    /** A variable of the environment, or null. */
    @Nullable String variable(String name) {
        return environment.get(name);
    }

    /** Whether stderr is a terminal that can redraw a line. */
    boolean interactive() {
        return terminal && !"dumb".equals(environment.get("TERM"));
    }

    void color(Color choice) {
        color = choice;
    }

    Ansi ansi() {
        boolean on =
                switch (color) {
                    case ALWAYS -> true;
                    case NEVER -> false;
                    case AUTO -> interactive() && !environment.containsKey("NO_COLOR");
                };
        return on ? Ansi.ON : Ansi.OFF;
    }

    /**
     * {@code text} in a style of picocli's markup, such as {@code bold,green}, where colours are
     * on.
     */
    String styled(String style, String text) {
        return ansi().string("@|" + style + " " + text.replace("|@", "| @") + "|@");
    }

    /** Prints a result as the one JSON object on stdout. */
    void json(JsonObject result) {
        out.println(JsonText.PRETTY.write(described(result)));
    }

    /** {@code result} with {@code schema} and {@code tkVersion} before it. */
    static JsonObject described(JsonObject result) {
        SequencedMap<String, JsonValue> members = new LinkedHashMap<>();
        members.put("schema", JsonValue.of(SCHEMA));
        members.put("tkVersion", JsonValue.of(Version.TK));
        members.putAll(result.members());
        return new JsonObject(members);
    }

    /**
     * The text with its control characters spelled out: names come from files, and a terminal obeys
     * what it is sent.
     */
    static String printable(String text) {
        return CONTROL.matcher(text)
                .replaceAll(
                        m -> String.format(Locale.ROOT, "\\\\u%04x", (int) m.group().charAt(0)));
    }

    /** Says what went wrong, and gives the exit code for it. */
    int report(Throwable e, boolean asJson, boolean stackTrace) {
        int exit = e instanceof TkException known ? known.exit() : 1;
        String hint = hint(e);
        if (asJson) json(error(e));
        err.println(styled("bold,red", "tk:") + " " + printable(message(e)));
        if (hint != null) err.println(styled("bold", "hint:") + " " + printable(hint));
        if (stackTrace) e.printStackTrace(err);
        return exit;
    }

    /** What went wrong, as JSON. */
    static JsonObject error(Throwable e) {
        String hint = hint(e);
        SequencedMap<String, Object> error = new LinkedHashMap<>();
        error.put("exit", e instanceof TkException known ? known.exit() : 1);
        error.put("kind", e instanceof TkException known ? known.kind() : "bug");
        error.put("message", message(e));
        error.put("hint", hint == null ? "" : hint);
        return (JsonObject) JsonValue.of(Map.of("error", error));
    }

    private static @Nullable String hint(Throwable e) {
        return e instanceof TkException known
                ? known.hint()
                : "This is a bug in tk: please report it with the command and the output of --stacktrace.";
    }

    private static String message(Throwable e) {
        if (e instanceof TkException) return String.valueOf(e.getMessage());
        if (e instanceof OutOfMemoryError) return "out of memory: " + e.getMessage();
        return e.getClass().getSimpleName() + (e.getMessage() == null ? "" : ": " + e.getMessage());
    }
}
