package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.Checkpoint;
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
import tk.torch.TorchWriter;

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
                Plan plan =
                        new Plan(
                                GgufWriter.plan(gguf.metadata(), gguf.tensors(), path),
                                gguf.tensors(),
                                gguf.notes());
                if (output.dryRun()) show(plan, plan.tensors());
                else write(plan.files());
            }
            return 0;
        }
        ConvertOptions given = converting.options(OutType.KEEP, OptionalLong.empty());
        try (ModelSource source = adapters.open(input, inputs, given, output.dryRun(), common)) {
            route.map(Route::from)
                    .or(() -> Optional.ofNullable(from).map(Route.Format::named))
                    .ifPresent(f -> f.check(source));
            Plan plan = plan(source, format, type, path);
            plan.notes().forEach(common::note);
            if (output.dryRun()) show(plan, kept(source, format));
            else write(plan.files());
        }
        return 0;
    }

    /**
     * What will be written.
     *
     * @param tensors of it
     * @param notes what a person should be told
     */
    private record Plan(WritePlan files, Checkpoint tensors, List<String> notes) {}

    private void write(WritePlan plan) {
        new PlanWriter(common.threads(), common.progress()).write(plan, output.force());
        common.result(
                result(plan).with("written", JsonValue.of(true)),
                plan.target() + ": " + Sizes.bytes(plan.bytes()));
    }

    /**
     * Says what would be written, having checked what the real run checks.
     *
     * @param source the tensors under the names that are written, in the source's types
     */
    private void show(Plan plan, Checkpoint source) {
        Path path = plan.files().target();
        long bytes = plan.files().bytes();
        StagedOutput.check(path, output.force());
        StagedOutput.requireSpace(path, bytes);
        JsonObject json =
                result(plan.files())
                        .with("written", JsonValue.of(false))
                        .with("tensors", PlannedWork.tensors(source, plan.tensors()));
        common.result(
                PlannedWork.withNeeds(json, path, bytes),
                PlannedWork.table(source, plan.tensors())
                        + path
                        + ": "
                        + Sizes.bytes(bytes)
                        + "\n"
                        + PlannedWork.needs(path, bytes));
    }

    private static JsonObject result(WritePlan plan) {
        return new JsonObject(new LinkedHashMap<>())
                .with("path", JsonValue.of(plan.target().toString()))
                .with("bytes", JsonValue.of(plan.bytes()));
    }

    private Plan plan(ModelSource source, Route.Format format, OutType type, Path path) {
        ConvertOptions options = converting.options(type, written.shardBytes());
        return switch (format) {
            case GGUF -> {
                GgufModel model = withBytes(GgufModel.of(source, options), source);
                yield new Plan(gguf(model, path), model.weights(), model.notes());
            }
            case HF -> {
                ToHf folder = ToHf.of(source, options);
                yield new Plan(folder.plan(options, path), folder.weights(), folder.notes());
            }
            case PT -> {
                List<String> notes = new ArrayList<>();
                Checkpoint weights = ToPt.of(source, options, notes);
                yield new Plan(TorchWriter.plan(weights, path), weights, notes);
            }
            case META ->
                    throw new UnsupportedException(
                            "Meta's layout is read, not written", "Write hf, gguf or pt.");
        };
    }

    private WritePlan gguf(GgufModel model, Path path) {
        return splitMaxSize == null
                ? GgufWriter.plan(model.metadata(), model.weights(), path)
                : GgufWriter.plan(
                        model.metadata(),
                        model.weights(),
                        path,
                        Sizes.parse("--split-max-size", splitMaxSize));
    }

    /** The names that are written, with the types that the source has. */
    private Checkpoint kept(ModelSource source, Route.Format format) {
        ConvertOptions options = converting.options(OutType.KEEP, OptionalLong.empty());
        return switch (format) {
            case GGUF -> GgufModel.of(source, options).weights();
            case HF -> ToHf.of(source, options).weights();
            case PT, META -> ToPt.of(source, options, new ArrayList<>());
        };
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
}
