package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.model.ModelSource;
import tk.torch.MetaChecklist;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What may have to be said about an input that does not say it itself. */
final class InputOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "The model's config.json, where it is not beside it.")
    private @Nullable Path config;

    @Option(
            names = "--tokenizer",
            paramLabel = "FILE|DIR",
            description = "The model's tokenizer.model or tokenizer.json, or their folder.")
    private @Nullable Path tokenizer;

    @Option(
            names = "--key",
            paramLabel = "PATH",
            description =
                    "Which state dict of a training checkpoint to take, such as model or ema.model.")
    private @Nullable String key;

    /** The model's configuration, where the user named one. */
    Optional<Path> config() {
        return Optional.ofNullable(config);
    }

    /** Opens an input; the caller closes. */
    ModelSource open(Path input) {
        return ModelSource.open(
                input,
                new ModelSource.Options(
                        Optional.ofNullable(config),
                        Optional.ofNullable(tokenizer),
                        Optional.ofNullable(key)));
    }

    /**
     * Compares a folder's files with the {@code checklist.chk} that Meta's releases come with, if
     * it has one; given a file that the list names, the list's files likewise.
     *
     * @throws tk.error.MalformedException naming each file that is missing or another one
     */
    void requireIntact(Path input, CommonOptions common) {
        boolean whole = Files.isDirectory(input);
        Path folder = whole ? input : input.toAbsolutePath().getParent();
        if (folder == null) return;
        String name = String.valueOf(input.getFileName());
        MetaChecklist.in(folder)
                // A shard stands for its release; another file in the folder has nothing to do with
                // it.
                .filter(
                        list ->
                                whole
                                        || list.entries().stream()
                                                .anyMatch(e -> e.name().equals(name)))
                .ifPresent(list -> list.require(common.progress()));
    }

    /** Whether the tokenizer is named, rather than the model's own. */
    boolean namesTokenizer() {
        return tokenizer != null;
    }
}
