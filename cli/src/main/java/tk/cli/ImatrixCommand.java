package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.Progress;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.error.UsageException;
import tk.filekind.TextFile;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.verify.OpenedModel;
import tk.verify.Perplexity;
import tk.verify.TextChunks;
import tk.verify.importance.ImportanceMeasurement;
import tk.verify.reference.ReferenceModel;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;

/** {@code tk imatrix}: which inputs of which matrices matter, for {@code quantize --imatrix}. */
@Command(
        name = "imatrix",
        description = "Measures an importance matrix on a text, as llama-imatrix does.",
        footer = {
            "",
            "The file is llama-imatrix's GGUF: for tk quantize --imatrix as for llama-quantize --imatrix.",
            "The text is cut into chunks of --ctx tokens, each run on its own; what is left over is not used."
        })
final class ImatrixCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private OutputOptions output;
    @Mixin private InputOptions inputs;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "The file to write (default: ${DEFAULT-VALUE}).")
    private Path target = Path.of("imatrix.gguf");

    @Option(
            names = {"-c", "--ctx", "--ctx-size"},
            paramLabel = "N",
            description = "Tokens a chunk (default: ${DEFAULT-VALUE}).")
    private int context = 512;

    @Option(
            names = "--chunks",
            paramLabel = "N",
            description = "At most so many chunks (default: all).")
    private int chunks = -1;

    @Option(names = "--process-output", description = "Measure the head (output.weight) too.")
    private boolean head;

    @Option(names = "--no-ppl", description = "Don't compute the text's perplexity.")
    private boolean noPerplexity;

    @Parameters(
            index = "0",
            paramLabel = "MODEL",
            description = "Any model that tk reads; best in the type it was trained in.")
    private Path model;

    @Parameters(index = "1", paramLabel = "TEXT", description = "A text file, UTF-8.")
    private @Nullable Path text;

    @SuppressWarnings("NullAway.Init")
    ImatrixCommand() {}

    @Override
    public Integer call() {
        if (text == null) throw new UsageException("no text given", "tk imatrix MODEL TEXT");
        output.requireApart(target, List.of(model, text));
        if (!output.dryRun()) StagedOutput.check(target, output.force());
        String content = TextFile.verbatim(text);
        try (ModelSource source = inputs.open(model)) {
            OpenedModel opened = OpenedModel.of(source);
            if (!opened.hasVocabulary())
                throw new UsageException(
                        model + ": no tokenizer beside it", "Give it with --tokenizer.");
            try (ReferenceModel forward = opened.model(common.threads())) {
                TextChunks cut =
                        TextChunks.of(
                                opened.vocabulary(),
                                content,
                                forward.vocabularySize(),
                                context,
                                chunks);
                common.note("%d chunks of %d tokens".formatted(cut.count(), context));
                if (output.dryRun()) {
                    common.result(planned(cut), "Nothing was written (--dry-run).");
                    return 0;
                }
                if (head && !forward.hasOwnHead())
                    common.warn("the head is the embedding: --process-output measures nothing");
                ImportanceMeasurement found =
                        ImportanceMeasurement.of(
                                forward,
                                cut,
                                new ImportanceMeasurement.Options(head, !noPerplexity),
                                common.progress());
                WritePlan plan = found.plan(target, text.toString());
                new PlanWriter(1, Progress.NONE).write(plan, output.force());
                common.result(json(found, plan), summary(found, plan));
            }
        }
        return 0;
    }

    private JsonObject planned(TextChunks cut) {
        return new JsonObject(new LinkedHashMap<>())
                .with("path", JsonValue.of(target.toString()))
                .with("chunks", JsonValue.of(cut.count()))
                .with("context", JsonValue.of(context));
    }

    private JsonObject json(ImportanceMeasurement found, WritePlan plan) {
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(plan.target().toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("chunks", JsonValue.of(found.chunks()))
                        .with("context", JsonValue.of(context))
                        .with("matrices", JsonValue.of(found.matrices()));
        return found.perplexity()
                .filter(p -> Double.isFinite(p.value()) && Double.isFinite(p.uncertainty()))
                .map(p -> json.with("perplexity", JsonValue.of(p.value())))
                .orElse(json);
    }

    private static String summary(ImportanceMeasurement found, WritePlan plan) {
        String written =
                String.format(
                        Locale.ROOT,
                        "%s: %d matrices, measured on %d chunks, %d tokens",
                        plan.target(),
                        found.matrices(),
                        found.chunks(),
                        found.tokens());
        return found.perplexity().map(p -> written + "\n" + line(p)).orElse(written);
    }

    private static String line(Perplexity perplexity) {
        return String.format(
                Locale.ROOT,
                "Final estimate: PPL = %.4f +/- %.5f",
                perplexity.value(),
                perplexity.uncertainty());
    }
}
