package tk.cli;

import picocli.CommandLine.Option;

import tk.checkpoint.Progress;
import tk.error.UsageException;
import tk.json.JsonValue.JsonObject;

/** The options that every command has, and what they make of its output. */
final class CommonOptions {
    private final Console console;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // the library reads it, or Tk before it
    private boolean help;

    @Option(names = "--json", description = "Print exactly one JSON object on stdout.")
    private boolean json;

    @Option(
            names = {"-q", "--quiet"},
            description = "Print nothing but results and errors.")
    private boolean quiet;

    @Option(
            names = {"-v", "--verbose"},
            description = "Print more, such as times.")
    private boolean verbose;

    @Option(names = "--stacktrace", description = "Show where in tk an error arose.")
    @SuppressWarnings("UnusedVariable") // the library reads it, or Tk before it
    private boolean stackTrace;

    @Option(
            names = "--progress",
            paramLabel = "auto|plain|none",
            defaultValue = "auto",
            description = "How progress is shown (default: ${DEFAULT-VALUE}).")
    private String progress = "auto";

    @Option(
            names = "--color",
            paramLabel = "auto|always|never",
            defaultValue = "auto",
            description = "When to use colours (default: ${DEFAULT-VALUE}).")
    private String color = "auto";

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads to use (default: all cores).")
    private int threads;

    CommonOptions(Console console) {
        this.console = console;
    }

    Console console() {
        if (!color.matches("auto|always|never"))
            throw new UsageException("--color " + color, "auto, always or never");
        console.color(color);
        return console;
    }

    boolean json() {
        return json;
    }

    boolean verbose() {
        return verbose;
    }

    int threads() {
        if (threads < 0)
            throw new UsageException("--threads " + threads, "Give a positive number.");
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /** Where progress goes, as the options and the terminal have it. */
    Progress progress() {
        return switch (progress) {
            case "none" -> Progress.NONE;
            case "plain" ->
                    quiet || json ? Progress.NONE : new ProgressLines(console().err(), false);
            case "auto" ->
                    quiet || json || "none".equals(console.variable("TK_PROGRESS"))
                            ? Progress.NONE
                            : new ProgressLines(console().err(), console.interactive());
            default -> throw new UsageException("--progress " + progress, "auto, plain or none");
        };
    }

    /** A remark for people: on stderr, unless it shall be quiet. */
    void note(String text) {
        if (!quiet && !json) console().err().println(text);
    }

    /** A warning: on stderr, always. */
    void warn(String text) {
        if (!json)
            console().err().println(console().styled("bold,yellow", "warning:") + " " + text);
    }

    /** The result: JSON where that was asked for, else text. */
    void result(JsonObject object, String text) {
        if (json) console().json(object);
        else if (!text.isEmpty()) console().out().println(text);
    }
}
