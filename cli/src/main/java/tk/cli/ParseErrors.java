package tk.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

import tk.convert.NearestName;
import tk.error.TkException;
import tk.error.UsageException;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is said of a command line that cannot be read: the argument at fault, and what to do. */
final class ParseErrors {
    private ParseErrors() {}

    /** The error of the option's own, where it refused its value, else the library's. */
    static TkException of(ParameterException error) {
        if (error.getCause() instanceof TkException own) return own;
        CommandLine command = error.getCommandLine();
        String help = "See: " + command.getCommandSpec().qualifiedName() + " --help";
        if (!(error instanceof UnmatchedArgumentException unmatched))
            return new UsageException(String.valueOf(error.getMessage()), help);
        String argument = unmatched.getUnmatched().getFirst();
        boolean isRoot = command.getParent() == null;
        if (isRoot && argument.startsWith("-"))
            return new UsageException(
                    "`%s` stands before the command".formatted(argument),
                    "Options come after it: tk COMMAND %s. %s".formatted(argument, help));
        String what =
                isRoot
                        ? "no command `%s`"
                        : argument.startsWith("-")
                                ? "unknown option `%s`"
                                : "`%s` is an argument too many";
        return new UsageException(what.formatted(argument), near(command, unmatched) + help);
    }

    private static String near(CommandLine command, UnmatchedArgumentException unmatched) {
        List<String> near = unmatched.getSuggestions();
        if (near.isEmpty())
            near = nearestOption(command, unmatched.getUnmatched().getFirst()).stream().toList();
        return near.isEmpty() ? "" : "Did you mean " + String.join(", ", near) + "? ";
    }

    /** The option a slip or two of the finger away. */
    private static Optional<String> nearestOption(CommandLine command, String typed) {
        if (!typed.startsWith("--")) return Optional.empty();
        String name = typed.replaceFirst("=.*", "");
        return command.getCommandSpec().options().stream()
                .flatMap(option -> Stream.of(option.names()))
                .filter(option -> option.startsWith("--"))
                .filter(option -> NearestName.distance(name, option) <= 2)
                .min(Comparator.comparingInt(option -> NearestName.distance(name, option)));
    }
}
