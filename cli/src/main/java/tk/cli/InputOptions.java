package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.model.ModelSource;

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

    /** Whether the tokenizer is named, rather than the model's own. */
    boolean namesTokenizer() {
        return tokenizer != null;
    }
}
