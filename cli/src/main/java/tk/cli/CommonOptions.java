package tk.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

import tk.checkpoint.Progress;
import tk.error.UsageException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.ArrayList;
import java.util.List;

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
            description = "Print nothing but results, warnings and errors.")
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
    private ShownProgress progress = ShownProgress.AUTO;

    @Option(
            names = "--color",
            paramLabel = "auto|always|never",
            defaultValue = "auto",
            description = "When to use colours (default: ${DEFAULT-VALUE}).")
    private Console.Color color = Console.Color.AUTO;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Threads.class,
            description = "Threads to use (default: all cores).")
    private int threads;

    private final List<String> warnings = new ArrayList<>();

    /** How progress is shown. */
    enum ShownProgress {
        AUTO,
        PLAIN,
        NONE
    }

    /** A number of threads; 0 is all cores. */
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("\\d{1,6}"))
                throw new UsageException(
                        "--threads " + text, "Give a positive number, or leave it out: all cores.");
            return Integer.valueOf(text);
        }
    }

    CommonOptions(Console console) {
        this.console = console;
    }

    Console console() {
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
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /** Where progress goes, as the options and the terminal have it. */
    Progress progress() {
        return switch (progress) {
            case NONE -> Progress.NONE;
            case PLAIN -> quiet || json ? Progress.NONE : new ProgressLines(console().err(), false);
            case AUTO ->
                    quiet || json || "none".equals(console.variable("TK_PROGRESS"))
                            ? Progress.NONE
                            : new ProgressLines(console().err(), console.interactive());
        };
    }

    /** A remark for people: on stderr, unless it shall be quiet. */
    void note(String text) {
        if (!quiet && !json) console().err().println(text);
    }

    /** A warning: on stderr, always, and in the JSON object that follows. */
    void warn(String text) {
        warnings.add(text);
        console().err().println(console().styled("bold,yellow", "warning:") + " " + text);
    }

    /** The result: JSON where that was asked for, with what was warned of, else text. */
    void result(JsonObject object, String text) {
        if (json)
            console()
                    .json(
                            warnings.isEmpty()
                                    ? object
                                    : object.with("warnings", JsonValue.of(warnings)));
        else if (!text.isEmpty()) console().out().println(text);
    }
}
