package tk.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;

/** {@code tk completion}: a script that completes tk's commands and options. */
@Command(
        name = "completion",
        description = "Prints a completion script for a shell.",
        footer = {
            "",
            "bash:  source <(tk completion bash)",
            "zsh:   source <(tk completion zsh)",
            "fish:  tk completion fish | source"
        })
final class CompletionCommand implements Callable<Integer> {
    /** The shells. */
    enum Shell {
        BASH,
        ZSH,
        FISH
    }

    @Mixin private CommonOptions common;
    @Spec private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "bash|zsh|fish", description = "The shell.")
    private Shell shell;

    @SuppressWarnings("NullAway.Init")
    CompletionCommand() {}

    @Override
    public Integer call() {
        CommandLine root = spec.root().commandLine();
        String script =
                switch (shell) {
                    // The script for bash turns zsh's compatible completion on by itself.
                    case BASH, ZSH -> AutoComplete.bash("tk", root);
                    case FISH -> FishCompletion.of(root);
                };
        common.result(
                new JsonObject(new LinkedHashMap<>(Map.of("script", JsonValue.of(script)))),
                script.stripTrailing());
        return 0;
    }
}
