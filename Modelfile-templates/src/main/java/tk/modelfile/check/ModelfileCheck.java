package tk.modelfile.check;

import tk.modelfile.Modelfile.Adapter;
import tk.modelfile.Modelfile.From;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.Modelfile.License;
import tk.modelfile.Modelfile.Message;
import tk.modelfile.Modelfile.Other;
import tk.modelfile.Modelfile.Parameter;
import tk.modelfile.Modelfile.Requires;
import tk.modelfile.Modelfile.SystemMessage;
import tk.modelfile.Modelfile.Template;
import tk.modelfile.ModelfileParser;
import tk.modelfile.ModelfileReading;
import tk.modelfile.ModelfileReading.Placed;
import tk.modelfile.ModelfileReading.Quotes;
import tk.modelfile.OllamaParameters;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What {@code ollama create} makes of a Modelfile, line by line: what each instruction means, what
 * surprises in it, and what it refuses.
 *
 * @param findings by line
 */
public record ModelfileCheck(List<Finding> findings) {
    /** Copies the list. */
    public ModelfileCheck {
        findings = List.copyOf(findings);
    }

    /** How grave a finding is. */
    public enum Severity {
        /** What an instruction means. */
        MEANING,
        /** Ollama takes it, but hardly as it was meant. */
        WARNING,
        /** Ollama refuses it. */
        ERROR
    }

    /**
     * One finding.
     *
     * @param line from 1; 0 where it is about the whole file
     */
    public record Finding(int line, Severity severity, String message) {}

    /** Whether Ollama takes the file. */
    public boolean accepted() {
        return findings.stream().noneMatch(f -> f.severity() == Severity.ERROR);
    }

    /** Checks a file; what it names is looked for beside it. */
    public static ModelfileCheck of(Path file) {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null) throw new IllegalArgumentException("no folder: " + file);
        return of(ModelfileParser.read(file), folder);
    }

    /**
     * Checks what was read.
     *
     * @param folder to which paths are relative
     */
    static ModelfileCheck of(ModelfileReading reading, Path folder) {
        Collector found = new Collector(folder);
        reading.instructions().forEach(found::add);
        reading.refusal()
                .ifPresent(
                        refusal ->
                                found.report(
                                        refusal.message().startsWith("no FROM")
                                                ? 0
                                                : refusal.line(),
                                        Severity.ERROR,
                                        refusal.message()));
        if (reading.refusal().isEmpty()) found.checkWhole(reading.instructions());
        found.findings.sort(Comparator.comparingInt(Finding::line));
        return new ModelfileCheck(found.findings);
    }

    /** Goes through the instructions in order, and remembers what came before. */
    private static final class Collector {
        private final List<Finding> findings = new ArrayList<>();
        private final Map<String, Integer> seen = new HashMap<>();
        private final Path folder;

        Collector(Path folder) {
            this.folder = folder;
        }

        void report(int line, Severity severity, String message) {
            findings.add(new Finding(line, severity, message));
        }

        void add(Placed placed) {
            int line = placed.line();
            switch (placed.instruction()) {
                case From(String model) ->
                        FromCheck.of(model, folder)
                                .forEach(f -> report(line, f.severity(), f.message()));
                case Parameter(String name, String value) -> parameter(line, name, value);
                case Template(String text) -> {
                    replaces(line, "TEMPLATE");
                    findings.addAll(TemplateFindings.of(line, text));
                }
                case SystemMessage(String text) -> {
                    replaces(line, "SYSTEM");
                    meaning(
                            line,
                            text.isEmpty()
                                    ? "no system message"
                                    : "system message: " + brief(text));
                }
                case License(String text) -> meaning(line, "licence: " + brief(text));
                case Message(String role, String text) ->
                        meaning(
                                line,
                                "every conversation begins with " + role + ": " + brief(text));
                case Adapter(String path) -> adapter(line, path);
                case Requires(String version) -> requires(line, version);
                case Other(String keyword, String value) -> other(line, keyword, value);
            }
            surprises(placed);
        }

        private void meaning(int line, String message) {
            report(line, Severity.MEANING, message);
        }

        private void warn(int line, String message) {
            report(line, Severity.WARNING, message);
        }

        private void error(int line, String message) {
            report(line, Severity.ERROR, message);
        }

        /** Of these the last counts. */
        private void replaces(int line, String what) {
            Integer earlier = seen.put(what, line);
            if (earlier != null) warn(line, what + " replaces the one of line " + earlier);
        }

        private void parameter(int line, String name, String value) {
            if (name.isEmpty()) {
                error(line, "two spaces before the parameter's name: Ollama reads an empty name");
                return;
            }
            if (OllamaParameters.isDeprecated(name)) {
                warn(line, "parameter " + name + " is deprecated: Ollama says so and ignores it");
                return;
            }
            var refusal = OllamaParameters.refusal(name, value);
            if (refusal.isPresent()) {
                error(line, refusal.get());
                return;
            }
            if (name.equals("stop")) {
                meaning(line, "generation stops before " + quoted(value));
                if (value.isEmpty()) warn(line, "an empty stop");
                return;
            }
            replaces(line, "PARAMETER " + name);
            meaning(line, name + " = " + value);
            if (name.equals("typical_p")) {
                warn(line, "the newest Ollama refuses typical_p in a Modelfile");
            }
        }

        private void adapter(int line, String path) {
            replaces(line, "ADAPTER");
            Path file = FromCheck.resolve(path, folder);
            if (!Files.exists(file)) {
                error(line, "adapter " + path + ": no such file or folder");
                return;
            }
            meaning(line, "adapter " + file);
            warn(
                    line,
                    "Ollama's own import of PEFT folders turns q_proj and k_proj the wrong way and ignores rsLoRA, DoRA and modules_to_save, and its newest version refuses adapters: merge instead (tk merge-lora)");
        }

        private void requires(int line, String version) {
            replaces(line, "REQUIRES");
            if (!new Requires(version).isValid()) {
                error(line, "REQUIRES " + version + ": expected a version such as 0.14.0");
                return;
            }
            meaning(line, "needs Ollama " + version + " or newer");
            warn(line, "Ollama before 0.14.0 does not know REQUIRES and refuses the file");
        }

        private void other(int line, String keyword, String value) {
            replaces(line, keyword);
            if (keyword.equals("DRAFT") && !Files.exists(FromCheck.resolve(value, folder))) {
                error(line, "draft model " + value + ": no such file or folder");
                return;
            }
            meaning(line, keyword.toLowerCase(Locale.ROOT) + " " + value);
            warn(
                    line,
                    "Ollama before %s does not know %s and refuses the file"
                            .formatted(keyword.equals("DRAFT") ? "0.23.1" : "0.12.0", keyword));
        }

        /** What a reader of the file would not expect. */
        private void surprises(Placed placed) {
            Instruction instruction = placed.instruction();
            int line = placed.line();
            String value = value(instruction);
            if (!placed.vanished().isEmpty()) {
                warn(
                        line,
                        "characters that do not print vanish from a Modelfile: %s. tk package --install keeps them"
                                .formatted(codes(placed.vanished())));
            }
            if (placed.quotes() == Quotes.SINGLE && placed.lastLine() > line) {
                warn(
                        line,
                        "the quotation goes on to line %d, the first that ends with a quotation mark%s"
                                .formatted(
                                        placed.lastLine(),
                                        value.lines().skip(1).anyMatch(Collector::isInstruction)
                                                ? "; it swallows instructions"
                                                : ""));
            }
            if (placed.quotes() == Quotes.NONE) {
                if (value.contains(" #")) {
                    warn(line, "`#` after a value is part of it, not a comment");
                }
                if (value.length() > 1 && value.startsWith("'") && value.endsWith("'")) {
                    warn(line, "single quotation marks are part of the value");
                }
                if (value.contains("\\n")) {
                    warn(line, "there are no escapes: `\\n` stays two characters");
                }
            }
            if (value.indexOf('\r') >= 0) {
                warn(
                        line,
                        "the carriage returns of the lines' ends are part of the value: save it with LF");
            }
        }

        private static boolean isInstruction(String text) {
            return text.strip()
                    .toUpperCase(Locale.ROOT)
                    .matches(
                            "(FROM|PARAMETER|TEMPLATE|SYSTEM|LICENSE|MESSAGE|ADAPTER|REQUIRES) .*");
        }

        /** What does not go with the template. */
        private void against(Placed template, Placed placed) {
            String text = value(template.instruction());
            switch (placed.instruction()) {
                case SystemMessage(String system)
                        when !system.isEmpty() && TemplateFindings.losesSystem(text) ->
                        warn(placed.line(), "the template never shows a system message");
                case Parameter(String name, String stop)
                        when name.equals("stop") && TemplateFindings.isForeign(stop, text) ->
                        warn(
                                placed.line(),
                                "the template never writes %s: a stop of another format?"
                                        .formatted(quoted(stop)));
                case From(String model) ->
                        FromCheck.chatTemplate(model, folder)
                                .flatMap(chat -> TemplateFindings.missing(text, chat))
                                .ifPresent(
                                        what ->
                                                warn(
                                                        template.line(),
                                                        "the model's own chat template knows %s, this one does not: Ollama from 0.30 on takes the model's, unless OLLAMA_GO_TEMPLATE=1"
                                                                .formatted(what)));
                default -> {}
            }
        }

        void checkWhole(List<Placed> instructions) {
            Optional<Placed> template =
                    instructions.stream()
                            .filter(p -> p.instruction() instanceof Template)
                            .reduce((a, b) -> b);
            if (template.isEmpty()) {
                warn(
                        0,
                        "no TEMPLATE: Ollama guesses one from the model's chat template, or, before 0.30, prompts with the bare text");
            } else {
                instructions.forEach(placed -> against(template.get(), placed));
            }
            if (instructions.stream()
                    .noneMatch(
                            p ->
                                    p.instruction() instanceof Parameter(String name, String v)
                                            && name.equals("num_ctx"))) {
                warn(
                        0,
                        "no num_ctx: the context is 2048, 4096 or more, by version and graphics memory");
            }
        }
    }

    private static String value(Instruction instruction) {
        return switch (instruction) {
            case From(String model) -> model;
            case Parameter(String name, String value) -> value;
            case Template(String text) -> text;
            case SystemMessage(String text) -> text;
            case License(String text) -> text;
            case Message(String role, String text) -> text;
            case Adapter(String path) -> path;
            case Requires(String version) -> version;
            case Other(String keyword, String value) -> value;
        };
    }

    private static String codes(String characters) {
        return characters
                .codePoints()
                .boxed()
                .collect(Collectors.groupingBy(c -> c, TreeMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(
                        e ->
                                String.format(Locale.ROOT, "U+%04X", e.getKey())
                                        + (e.getValue() == 1
                                                ? ""
                                                : " (" + e.getValue() + " times)"))
                .collect(Collectors.joining(", "));
    }

    private static String quoted(String text) {
        return "`" + text.replace("\n", "⏎") + "`";
    }

    private static String brief(String text) {
        String line = text.strip().replaceAll("\\s*\\R\\s*", " ⏎ ");
        return line.codePointCount(0, line.length()) <= 70
                ? line
                : line.substring(0, line.offsetByCodePoints(0, 67)) + "...";
    }
}
