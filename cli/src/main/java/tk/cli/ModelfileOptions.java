package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

import tk.error.UsageException;
import tk.filekind.TextFile;
import tk.gguf.GgufMetadata;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;
import tk.modelfile.ModelfileWriter;
import tk.modelfile.OllamaParameters;
import tk.modelfile.PromptTemplate;
import tk.modelfile.PromptTokens;
import tk.modelfile.TemplateChoice;
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
            description = {
                "The prompt template: a name that tk modelfile --list lists, or a file with a Go template",
                "(default: the one that means what the model's own chat template does)."
            })
    private @Nullable String template;

    @Option(
            names = "--parameter",
            paramLabel = "KEY=VALUE",
            converter = ParameterText.class,
            description = "An Ollama parameter, such as num_ctx=4096. May be given several times.")
    private List<Parameter> parameters = new ArrayList<>();

    @Option(
            names = "--num-ctx",
            paramLabel = "N",
            converter = ContextText.class,
            description = "The same as --parameter num_ctx=N.")
    private @Nullable Parameter context;

    @Option(names = "--license", paramLabel = "FILE", description = "The model's licence.")
    private @Nullable Path license;

    /** {@code KEY=VALUE}. */
    static final class ParameterText implements ITypeConverter<Parameter> {
        @Override
        public Parameter convert(String text) {
            return parameter(text);
        }
    }

    /** A number of tokens. */
    static final class ContextText implements ITypeConverter<Parameter> {
        @Override
        public Parameter convert(String text) {
            return parameter("num_ctx=" + text);
        }
    }

    /**
     * Refuses, before any work, what Ollama or its grammar would refuse at the end.
     *
     * @param losses whether texts may be given that a Modelfile cannot express
     */
    void check(Losses losses) {
        List<Instruction> all = new ArrayList<>(List.of(new From("./model.gguf")));
        all.addAll(
                instructions(
                        ModelDefaults.NONE,
                        TemplateChoice.unproven(
                                asked().orElse(PromptTemplate.named(PromptTemplate.PLAIN)))));
        if (losses == Losses.ALLOWED) VerifiedModelfile.typed(all);
        else VerifiedModelfile.checked(all);
    }

    /**
     * The prompt template: the one that was asked for, or the one that means what the model's chat
     * template does.
     *
     * @param metadata of the GGUF, with its vocabulary
     */
    TemplateChoice choose(GgufMetadata metadata, Optional<String> chatTemplate) {
        Optional<PromptTemplate> asked = asked();
        // A base model's choice needs no tokenizer, and building one takes a while.
        if (asked.isEmpty() && chatTemplate.isEmpty()) return TemplateChoice.plain();
        PromptTokens tokens = PromptTokens.of(metadata);
        return asked.map(template -> TemplateChoice.given(template, chatTemplate, tokens))
                .orElseGet(() -> TemplateChoice.of(chatTemplate, tokens));
    }

    /** Says which template was chosen, why, and where its prompts are not the model's own. */
    static void tellOf(TemplateChoice template, CommonOptions common) {
        common.note("prompt template: " + template.summary());
        template.notes().forEach(common::note);
        template.differences()
                .forEach(d -> common.warn("the prompts are not the model's own: " + d));
    }

    /** The instructions after FROM. What moves between Ollama's versions is pinned. */
    List<Instruction> instructions(ModelDefaults model, TemplateChoice choice) {
        List<Parameter> given = given();
        List<Instruction> all = new ArrayList<>();
        PromptTemplate prompts = choice.template();
        all.add(new Template(prompts.text()));
        // With a chat template of its own, the model's prompt is the same only without one of ours.
        Optional<String> usual =
                model.chatTemplate().isPresent()
                        ? Optional.empty()
                        : prompts.system(model.language());
        Optional.ofNullable(system)
                .map(ModelfileWriter::lineFeeds)
                .or(() -> usual)
                .filter(text -> !text.isEmpty())
                .ifPresent(text -> all.add(new SystemMessage(text)));
        for (Parameter own : model.parameters(prompts)) {
            if (given.stream().noneMatch(p -> p.name().equals(own.name()))) all.add(own);
        }
        all.addAll(given);
        if (license != null) all.add(ModelfileWriter.licence(TextFile.read(license)));
        return all;
    }

    /** The value of a given parameter, if it is given. */
    Optional<String> given(String name) {
        return given().stream()
                .filter(p -> p.name().equals(name))
                .map(Parameter::value)
                .reduce((a, b) -> b);
    }

    private List<Parameter> given() {
        List<Parameter> all = new ArrayList<>(parameters);
        if (context != null) all.add(context);
        return all;
    }

    private Optional<PromptTemplate> asked() {
        if (template == null) return Optional.empty();
        Path file = Path.of(template);
        return Optional.of(
                Files.isRegularFile(file)
                        ? PromptTemplate.ofFile(
                                template, ModelfileWriter.lineFeeds(TextFile.read(file)))
                        : PromptTemplate.named(template));
    }

    private static Parameter parameter(String text) {
        int equals = text.indexOf('=');
        if (equals <= 0)
            throw new UsageException(
                    "--parameter " + text, "Write it as KEY=VALUE, such as num_ctx=4096.");
        Parameter parameter = new Parameter(text.substring(0, equals), text.substring(equals + 1));
        OllamaParameters.check(parameter.name(), parameter.value());
        if (parameter.equals(new Parameter("stop", ""))) {
            throw new UsageException(
                    "--parameter stop=: every answer would end before its first token",
                    "Name the text to stop at, such as stop='</s>'.");
        }
        return parameter;
    }
}
