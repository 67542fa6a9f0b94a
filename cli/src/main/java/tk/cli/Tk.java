package tk.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Option;

import tk.error.TkException;
import tk.error.UsageException;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.util.Arrays;
import java.util.Map;

/** The command {@code tk}: its subcommands, and the one place where errors become exit codes. */
@Command(
        name = "tk",
        description =
                "Takes a language model from the file its training left behind to a package that people run.",
        subcommands = {
            PackageCommand.class,
            ConvertCommand.class,
            QuantizeCommand.class,
            MergeLoraCommand.class,
            VerifyCommand.class,
            TokenizeCommand.class,
            InspectCommand.class,
            DiffCommand.class,
            EvalCommand.class,
            ImatrixCommand.class,
            ModelfileCommand.class,
            OllamaCommand.class,
            CompletionCommand.class,
            HelpCommand.class
        },
        versionProvider = VersionText.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Exit codes: 0 done, 1 a bug in tk, 2 usage, 3 malformed input, 4 unsafe input, 5 not supported,",
            "6 verification failed, 7 input/output, 130 interrupted."
        })
public final class Tk {
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // the library reads it
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description =
                    "Print the versions of tk and the JDK, the vector width and the kernels in use.")
    @SuppressWarnings("UnusedVariable") // the library reads it
    private boolean version;

    private Tk() {}

    /**
     * Runs one command.
     *
     * @param out for results
     * @param err for everything else
     * @param environment variables such as {@code NO_COLOR}
     * @param terminal whether {@code err} is a terminal
     * @return the exit code
     */
    public static int run(
            PrintStream out,
            PrintStream err,
            Map<String, String> environment,
            boolean terminal,
            String... arguments) {
        Console console = new Console(out, err, environment, terminal);
        boolean json = Arrays.asList(arguments).contains("--json");
        boolean stackTrace = Arrays.asList(arguments).contains("--stacktrace");
        CommandLine commandLine = new CommandLine(new Tk(), new Commands(console));
        commandLine.setOut(new PrintWriter(out, true, StandardCharsets.UTF_8));
        commandLine.setErr(new PrintWriter(err, true, StandardCharsets.UTF_8));
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(console.ansi()));
        commandLine.setAbbreviatedOptionsAllowed(false);
        commandLine.setParameterExceptionHandler(
                (e, args) -> console.report(ParseErrors.of(e), json, stackTrace));
        commandLine.setExecutionExceptionHandler(
                (e, command, result) -> console.report(named(e), json, stackTrace));
        try {
            if (arguments.length == 0) {
                commandLine.usage(commandLine.getErr());
                return 2;
            }
            UnquotedArrow.check(arguments);
            return commandLine.execute(arguments);
        } catch (TkException e) {
            return console.report(e, json, stackTrace);
        }
    }

    /** A word that no file can be called is the user's, not a bug. */
    private static Exception named(Exception e) {
        return e instanceof InvalidPathException path
                ? new UsageException(
                        path.getInput() + ": no file can be called so: " + path.getReason(),
                        null,
                        e)
                : e;
    }
}
