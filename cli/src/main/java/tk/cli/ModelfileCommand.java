package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import tk.error.UsageException;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.modelfile.PromptTemplate;
import tk.modelfile.check.ModelfileCheck;
import tk.modelfile.check.ModelfileCheck.Finding;
import tk.modelfile.check.ModelfileCheck.Severity;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;

/** {@code tk modelfile}: what Ollama makes of a Modelfile, and the prompt templates tk has. */
@Command(
        name = "modelfile",
        description =
                "Explains a Modelfile as Ollama would read it (exit 0, or 3 where it would refuse), or shows the prompt templates.",
        footer = {"", "A Modelfile is written by tk package alone."})
final class ModelfileCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;

    @Option(
            names = "--check",
            paramLabel = "FILE",
            description = "Explain this Modelfile, line by line.")
    private @Nullable Path check;

    @Option(names = "--list", description = "List the prompt templates, each with a prompt.")
    private boolean list;

    @Option(
            names = "--show",
            paramLabel = "NAME",
            description = "Show one of them, with the prompt of a conversation.")
    private @Nullable String show;

    @SuppressWarnings("NullAway.Init")
    ModelfileCommand() {}

    @Override
    public Integer call() {
        if ((check == null ? 0 : 1) + (list ? 1 : 0) + (show == null ? 0 : 1) != 1) {
            throw new UsageException(
                    "one thing to do is needed",
                    "Give --check FILE, --list or --show NAME. See: tk modelfile --help");
        }
        if (show != null) {
            PromptTemplate template = PromptTemplate.named(show);
            common.result(TemplateText.json(template), TemplateText.shown(template));
            return 0;
        }
        if (check == null) {
            common.result(
                    TemplateText.json(PromptTemplate.all()),
                    TemplateText.listed(PromptTemplate.all()));
            return 0;
        }
        ModelfileCheck checked = ModelfileCheck.of(check);
        common.result(json(check, checked), text(check, checked));
        return checked.accepted() ? 0 : 3;
    }

    private static JsonObject json(Path file, ModelfileCheck checked) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("file", file.toString());
        members.put("accepted", checked.accepted());
        members.put(
                "findings",
                checked.findings().stream()
                        .map(
                                finding -> {
                                    SequencedMap<String, Object> one = new LinkedHashMap<>();
                                    one.put("line", finding.line());
                                    one.put(
                                            "severity",
                                            finding.severity().name().toLowerCase(Locale.ROOT));
                                    one.put("message", finding.message());
                                    return one;
                                })
                        .toList());
        return (JsonObject) JsonValue.of(members);
    }

    private String text(Path file, ModelfileCheck checked) {
        Console console = common.console();
        List<String> lines = new ArrayList<>();
        for (Finding finding : checked.findings()) {
            String place =
                    finding.line() == 0 ? "" : String.format(Locale.ROOT, "%4d", finding.line());
            lines.add(
                    String.format(Locale.ROOT, "%4s  ", place)
                            + label(console, finding.severity())
                            + finding.message());
        }
        lines.add(
                checked.accepted()
                        ? console.styled("bold,green", "ACCEPTED") + "  Ollama takes " + file
                        : console.styled("bold,red", "REFUSED") + "  Ollama does not take " + file);
        return String.join("\n", lines);
    }

    private static String label(Console console, Severity severity) {
        return switch (severity) {
            case MEANING -> "";
            case WARNING -> console.styled("bold,yellow", "warning: ");
            case ERROR -> console.styled("bold,red", "error: ");
        };
    }
}
