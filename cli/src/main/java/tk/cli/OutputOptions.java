package tk.cli;

import picocli.CommandLine.Option;

import tk.error.IoException;
import tk.error.UsageException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

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

    /**
     * Refuses an output that is an input or holds one, even with --force: it may be the only copy.
     */
    void requireApart(Path target, List<Path> inputs) {
        if (!Files.exists(target)) return;
        try {
            Path replaced = target.toRealPath();
            for (Path input : inputs) {
                if (Files.exists(input) && input.toRealPath().startsWith(replaced)) {
                    throw new UsageException(
                            "%s: the output would replace the input %s".formatted(target, input),
                            "Choose another output.");
                }
            }
        } catch (IOException e) {
            throw new IoException(target + ": cannot be read: " + e.getMessage(), null, e);
        }
    }
}
