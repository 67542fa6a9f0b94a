package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

import tk.modelfile.VerifiedModelfile.Losses;
import tk.modelfile.store.ModelName;
import tk.modelfile.store.OllamaStore;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Stack;

/** Whether and under which name a package goes into Ollama's store too. */
final class InstallOptions {
    @Option(
            names = "--install",
            arity = "0..1",
            fallbackValue = "",
            preprocessor = NotTheInput.class,
            paramLabel = "NAME",
            description = {
                "Put the verified bytes into Ollama's store too (OLLAMA_MODELS, or its default), so that",
                "`ollama run NAME` serves them. Without a NAME, the model's own."
            })
    private @Nullable String install;

    /** After {@code --install} may follow the input: what exists as a file is no name. */
    static final class NotTheInput implements IParameterPreprocessor {
        @Override
        @SuppressWarnings("JdkObsolete") // the library's type
        public boolean preprocess(
                Stack<String> args, CommandSpec command, ArgSpec option, Map<String, Object> info) {
            boolean attached = info.get("separator") instanceof String s && !s.isBlank();
            if (!attached && !args.isEmpty() && exists(args.peek())) args.push("");
            return false;
        }

        private static boolean exists(String argument) {
            try {
                return Files.exists(Path.of(argument));
            } catch (InvalidPathException none) {
                return false;
            }
        }
    }

    boolean isAsked() {
        return install != null;
    }

    /** With a store, a Modelfile need not hold everything. */
    Losses losses() {
        return isAsked() ? Losses.ALLOWED : Losses.REFUSED;
    }

    /**
     * Under which name, if at all.
     *
     * @param modelName what the model is called otherwise
     */
    Optional<ModelName> name(String modelName) {
        if (install == null) return Optional.empty();
        return Optional.of(
                ModelName.parse(install.isEmpty() ? ModelName.suggestion(modelName) : install));
    }

    /** The store of whoever runs this. */
    static OllamaStore store(Console console) {
        String home = console.variable("HOME");
        return OllamaStore.of(
                console::variable, Path.of(home == null ? System.getProperty("user.home") : home));
    }
}
