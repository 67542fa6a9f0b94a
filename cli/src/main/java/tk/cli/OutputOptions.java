package tk.cli;

import picocli.CommandLine.Option;

/** The options of every command that writes. */
final class OutputOptions {
    @Option(names = "--force", description = "Replace an existing output.")
    private boolean force;

    @Option(names = "--dry-run", description = "Print the plan, write nothing.")
    private boolean dryRun;

    boolean force() {
        return force;
    }

    boolean dryRun() {
        return dryRun;
    }
}
