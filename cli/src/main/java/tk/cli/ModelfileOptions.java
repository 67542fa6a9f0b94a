package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.error.UsageException;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;
import tk.modelfile.OllamaParameters;
import tk.modelfile.OllamaTemplates;
import tk.modelfile.VerifiedModelfile;
import tk.modelfile.VerifiedModelfile.Losses;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What goes into the Modelfile besides the model. */
final class ModelfileOptions {
    @Option(names = "--system", paramLabel = "TEXT", description = "The system message.")
    private @Nullable String system;

    @Option(
            names = "--template",
            paramLabel = "NAME|FILE",
            description = "The prompt template: plain, or a file with a Go template.")
    private @Nullable String template;

    @Option(
            names = "--parameter",
            paramLabel = "KEY=VALUE",
            description = "An Ollama parameter, such as num_ctx=4096. May be given several times.")
    private List<String> parameters = new ArrayList<>();

    @Option(names = "--license", paramLabel = "FILE", description = "The model's licence.")
    private @Nullable Path license;

    /**
     * Refuses, before any work, what Ollama or its grammar would refuse at the end.
     *
     * @param losses whether texts may be given that a Modelfile cannot express
     */
    void check(Losses losses) {
        List<Instruction> all = new ArrayList<>(List.of(new From("./model.gguf")));
        all.addAll(instructions(ModelDefaults.NONE));
        if (losses == Losses.ALLOWED) VerifiedModelfile.typed(all);
        else VerifiedModelfile.checked(all);
    }

    /** The instructions after FROM. What moves between Ollama's versions is pinned. */
    List<Instruction> instructions(ModelDefaults model) {
        List<Parameter> given = parameters.stream().map(ModelfileOptions::parameter).toList();
        List<Instruction> all = new ArrayList<>();
        all.add(new Template(template(model.chatTemplate())));
        if (system != null) all.add(new SystemMessage(system));
        for (Parameter own : model.parameters()) {
            if (given.stream().noneMatch(p -> p.name().equals(own.name()))) all.add(own);
        }
        all.addAll(given);
        if (license != null) all.add(new License(Verifying.read(license)));
        return all;
    }

    /** The value of a given parameter, if it is given. */
    Optional<String> given(String name) {
        return parameters.stream()
                .map(ModelfileOptions::parameter)
                .filter(p -> p.name().equals(name))
                .map(Parameter::value)
                .reduce((a, b) -> b);
    }

    private String template(Optional<String> chatTemplate) {
        if (template == null) {
            if (chatTemplate.isPresent()) {
                throw new UsageException(
                        "the model has a chat template of its own, and Ollama needs it as a Go template",
                        "Give one with --template FILE, or --template plain to prompt it as a base model.");
            }
            return OllamaTemplates.named(OllamaTemplates.PLAIN);
        }
        Path file = Path.of(template);
        return Files.isRegularFile(file) ? Verifying.read(file) : OllamaTemplates.named(template);
    }

    private static Parameter parameter(String text) {
        int equals = text.indexOf('=');
        if (equals <= 0)
            throw new UsageException(
                    "--parameter " + text, "Write it as KEY=VALUE, such as num_ctx=4096.");
        Parameter parameter = new Parameter(text.substring(0, equals), text.substring(equals + 1));
        OllamaParameters.check(parameter.name(), parameter.value());
        return parameter;
    }
}
