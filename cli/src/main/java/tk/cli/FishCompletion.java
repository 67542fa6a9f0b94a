package tk.cli;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Completions for fish, which picocli does not write: one {@code complete} a command and option.
 */
final class FishCompletion {
    private FishCompletion() {}

    static String of(CommandLine root) {
        StringBuilder out = new StringBuilder("# fish completion for tk\n");
        commands(root, List.of(), out);
        return out.toString();
    }

    private static void commands(CommandLine command, List<String> path, StringBuilder out) {
        String here = condition(command, path);
        for (CommandLine sub : subcommands(command)) {
            CommandSpec spec = sub.getCommandSpec();
            out.append("complete -c tk -f ")
                    .append(here)
                    .append(" -a ")
                    .append(quoted(spec.name()))
                    .append(" -d ")
                    .append(quoted(first(spec.usageMessage().description())))
                    .append('\n');
        }
        for (OptionSpec option : command.getCommandSpec().options()) {
            if (option.hidden()) continue;
            out.append("complete -c tk ").append(here);
            for (String name : option.names()) {
                out.append(name.startsWith("--") ? " -l " : " -s ")
                        .append(name.replaceFirst("^-+", ""));
            }
            if (option.arity().min() > 0) out.append(" -r");
            out.append(" -d ").append(quoted(first(option.description()))).append('\n');
        }
        for (CommandLine sub : subcommands(command)) {
            List<String> deeper = new ArrayList<>(path);
            deeper.add(sub.getCommandName());
            commands(sub, deeper, out);
        }
    }

    /** Where a completion applies: after the path's words, and before any of what may follow. */
    private static String condition(CommandLine command, List<String> path) {
        StringBuilder test = new StringBuilder();
        for (String word : path) {
            test.append(test.isEmpty() ? "" : "; and ")
                    .append("__fish_seen_subcommand_from ")
                    .append(word);
        }
        List<String> next =
                subcommands(command).stream().map(CommandLine::getCommandName).sorted().toList();
        if (!next.isEmpty()) {
            test.append(test.isEmpty() ? "" : "; and ")
                    .append("not __fish_seen_subcommand_from ")
                    .append(String.join(" ", next));
        }
        return "-n " + quoted(test.toString());
    }

    private static Set<CommandLine> subcommands(CommandLine command) {
        return new LinkedHashSet<>(command.getSubcommands().values());
    }

    private static String first(String[] description) {
        return description.length == 0 ? "" : description[0].replaceAll(" \\(default: .*", "");
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", " ") + "'";
    }
}
