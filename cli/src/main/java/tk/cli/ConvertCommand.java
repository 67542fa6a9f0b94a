package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.convert.gguf.OutType;
import tk.convert.lora.Adapter;
import tk.convert.lora.AdapterGguf;
import tk.convert.route.ConvertOptions;
import tk.convert.route.ToHf;
import tk.convert.route.ToPt;
import tk.error.UnsupportedException;
import tk.error.UsageException;
import tk.gguf.GgufWriter;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;

/**
 * {@code tk convert}: from one format to another, every bit kept unless another type is asked for.
 */
@Command(
        name = "convert",
        description = "Converts a model from one format to another.",
        footer = {
            "",
            "ROUTE is pt2hf, pt-to-hf or 'pt->hf' in quotation marks, likewise pt2gguf, hf2gguf, hf2pt, gguf2hf, meta2hf;",
            "it may be left out where --to or the output's name makes it plain.",
            "A LoRA adapter by itself becomes a GGUF for llama.cpp's --lora: --config names its base, where the adapter does not."
        })
final class ConvertCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private OutputOptions output;
    @Mixin private InputOptions inputs;
    @Mixin private AdapterOptions adapters;

    @Option(
            names = "--from",
            paramLabel = "FORMAT",
            description = "What the input is: pt, hf, meta or gguf.")
    private @Nullable String from;

    @Option(names = "--to", paramLabel = "FORMAT", description = "What to write: hf, gguf or pt.")
    private @Nullable String to;

    @Mixin private Converting converting;
    @Mixin private WeightOptions written;

    @Option(
            names = "--split-max-size",
            paramLabel = "SIZE",
            description = "The largest file of a GGUF, such as 2GB; it is split into several.")
    private @Nullable String splitMaxSize;

    @Option(
            names = "--byte-fallback",
            paramLabel = "add|none",
            defaultValue = "none",
            description = {
                "Byte tokens for a SentencePiece vocabulary that has none, without which llama.cpp and Ollama",
                "abort on the first unknown character (default: ${DEFAULT-VALUE}, with a warning)."
            })
    private ByteTokens.Mode byteFallback = ByteTokens.Mode.NONE;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "PATH",
            description = "What to write.")
    private @Nullable Path target;

    @Parameters(
            arity = "1..3",
            paramLabel = "[ROUTE] INPUT OUTPUT",
            description = "What to convert, and where to.")
    private List<String> arguments = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    ConvertCommand() {}

    @Override
    public Integer call() {
        List<String> rest = new ArrayList<>(arguments);
        Optional<Route> route = rest.size() > 1 ? Route.parse(rest.getFirst()) : Optional.empty();
        if (route.isPresent()) rest.removeFirst();
        if (rest.isEmpty())
            throw new UsageException("no input given", "tk convert [ROUTE] INPUT OUTPUT");
        Path input = Path.of(rest.removeFirst());
        Path path = target;
        if (path == null) {
            if (rest.isEmpty())
                throw new UsageException("no output given", "tk convert [ROUTE] INPUT OUTPUT");
            path = Path.of(rest.removeFirst());
        }
        if (!rest.isEmpty()) {
            throw new UsageException(
                    "`%s` is no route, or `%s` is an argument too many"
                            .formatted(input, rest.getFirst()),
                    "A route is FROM2TO, such as pt2gguf: from pt, hf, meta or gguf to pt, hf or gguf.");
        }
        Route.Format named = Route.Format.of(path);
        Route.Format format =
                route.map(Route::to)
                        .or(() -> Optional.ofNullable(to).map(Route.Format::named))
                        .orElse(named);
        OutType type = written.type();
        output.requireApart(path, adapters.with(input));
        if (!output.dryRun()) {
            StagedOutput.check(path, output.force());
            inputs.requireIntact(input, common);
        }
        if (Adapter.recognises(input) && !adapters.given()) {
            try (Adapter adapter = Adapter.open(input)) {
                if (format != Route.Format.GGUF) {
                    throw new UsageException(
                            input + ": an adapter by itself can only become a GGUF",
                            "Give --to gguf, or merge it: tk merge-lora BASE ADAPTER OUTPUT.");
                }
                AdapterConversion conversion =
                        new AdapterConversion(adapter, converting, inputs.config());
                AdapterGguf gguf = conversion.gguf(type, adapters.scale());
                gguf.notes().forEach(common::note);
                write(GgufWriter.plan(gguf.metadata(), gguf.tensors(), path));
            }
            return 0;
        }
        ConvertOptions given = converting.options(OutType.KEEP, OptionalLong.empty());
        try (ModelSource source = adapters.open(input, inputs, given, output.dryRun(), common)) {
            route.map(Route::from)
                    .or(() -> Optional.ofNullable(from).map(Route.Format::named))
                    .ifPresent(f -> f.check(source));
            write(plan(source, format, type, path));
        }
        return 0;
    }

    private void write(WritePlan plan) {
        if (output.dryRun()) {
            StagedOutput.check(plan.target(), output.force());
            StagedOutput.requireSpace(plan.target(), plan.bytes());
        } else {
            new PlanWriter(common.threads(), common.progress()).write(plan, output.force());
        }
        report(plan);
    }

    private WritePlan plan(ModelSource source, Route.Format format, OutType type, Path path) {
        ConvertOptions options = converting.options(type, written.shardBytes());
        List<String> notes = new ArrayList<>();
        WritePlan plan =
                switch (format) {
                    case GGUF -> {
                        GgufModel model = withBytes(GgufModel.of(source, options), source);
                        notes.addAll(model.notes());
                        yield splitMaxSize == null
                                ? GgufWriter.plan(model.metadata(), model.weights(), path)
                                : GgufWriter.plan(
                                        model.metadata(),
                                        model.weights(),
                                        path,
                                        Sizes.parse("--split-max-size", splitMaxSize));
                    }
                    case HF -> {
                        ToHf folder = ToHf.of(source, options);
                        notes.addAll(folder.notes());
                        yield folder.plan(options, path);
                    }
                    case PT -> ToPt.plan(source, options, notes, path);
                    case META ->
                            throw new UnsupportedException(
                                    "Meta's layout is read, not written", "Write hf, gguf or pt.");
                };
        notes.forEach(common::note);
        return plan;
    }

    private GgufModel withBytes(GgufModel model, ModelSource source) {
        if (!ByteTokens.lackedBy(model)) return model;
        if (byteFallback == ByteTokens.Mode.NONE) {
            common.warn(ByteTokens.warning(model));
            return model;
        }
        if (output.dryRun()) return ByteTokens.planned(model);
        ByteTokens bytes = ByteTokens.fitted(model, source, common.threads(), common.progress());
        common.note(
                String.format(
                        Locale.ROOT,
                        "%d byte tokens added; they cost %.5f nats a token on positions they were not fitted on",
                        bytes.added(),
                        bytes.fit().heldOut().meanNats()));
        return bytes.model();
    }

    private void report(WritePlan plan) {
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(plan.target().toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("written", JsonValue.of(!output.dryRun()));
        common.result(
                json,
                plan.target()
                        + ": "
                        + Sizes.bytes(plan.bytes())
                        + (output.dryRun() ? " (nothing was written: --dry-run)" : ""));
    }
}
