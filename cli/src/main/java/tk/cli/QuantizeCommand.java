package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.Sha256;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.error.UsageException;
import tk.gguf.GgufFile;
import tk.gguf.GgufReader;
import tk.gguf.GgufWriter;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.quantize.FileType;
import tk.quantize.Quantization;
import tk.verify.difference.ModelDifference;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;

/**
 * {@code tk quantize}: a GGUF, or any checkpoint through GGUF's names, to a quantized GGUF:
 * llama-quantize's bytes.
 */
@Command(
        name = "quantize",
        description = "Quantizes a model to GGUF, byte for byte as llama-quantize does.",
        footer = {
            "",
            "Types (any case): f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 q2_K q2_K_S q3_K_S q3_K_M q3_K_L",
            "q4_K_S q4_K_M q5_K_S q5_K_M q6_K iq4_nl iq4_xs. q4_K is q4_K_M, q5_K is q5_K_M; int8 writes q8_0."
        })
final class QuantizeCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private OutputOptions output;
    @Mixin private InputOptions inputs;
    @Mixin private AdapterOptions adapters;
    @Mixin private Quantizing quantizing;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            description = "The type (default: q4_K_M).")
    private @Nullable String type;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "The GGUF file to write.")
    private @Nullable Path target;

    @Option(
            names = "--stats",
            description =
                    "Show how far each tensor's values are from the source's: RMSE and maximum.")
    private boolean stats;

    @Mixin private Converting converting;

    @Parameters(
            arity = "1..3",
            paramLabel = "INPUT [OUTPUT] [TYPE]",
            description = "What to quantize, where to, and to what.")
    private List<String> arguments = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    QuantizeCommand() {}

    @Override
    public Integer call() {
        Path input = Path.of(arguments.getFirst());
        List<String> rest = new ArrayList<>(arguments.subList(1, arguments.size()));
        if (target == null) {
            if (rest.isEmpty() || (rest.size() == 1 && FileType.isName(rest.getFirst())))
                throw new UsageException("no output given", "tk quantize INPUT OUTPUT [TYPE]");
            target = Path.of(rest.removeFirst());
        }
        if (type == null) type = rest.isEmpty() ? "q4_K_M" : rest.removeFirst();
        if (!rest.isEmpty())
            throw new UsageException("unexpected argument `" + rest.getFirst() + "`");
        FileType fileType = FileType.named(type);
        output.requireApart(target, adapters.with(input));
        StagedOutput.check(target, output.force());
        if (!output.dryRun()) {
            quantizing.announce(fileType, input);
            inputs.requireIntact(input, common);
        }
        ConvertOptions options = converting.options(OutType.KEEP, OptionalLong.empty());
        try (ModelSource source = adapters.open(input, inputs, options, output.dryRun(), common)) {
            GgufModel model = GgufModel.of(source, options);
            Quantization quantization =
                    Quantization.of(
                            model.metadata(), model.weights(), quantizing.options(fileType));
            WritePlan plan =
                    GgufWriter.plan(quantization.metadata(), quantization.weights(), target);
            model.notes().forEach(common::note);
            // A GGUF was told when it was made; this one is made here.
            if (source.gguf().isEmpty() && ByteTokens.lackedBy(model)) {
                common.warn(ByteTokens.warning(model, "tk package"));
            }
            if (output.dryRun()) {
                StagedOutput.requireSpace(target, plan.bytes());
            } else {
                write(plan);
            }
            if (!stats) {
                show(QuantizationTable.of(quantization), plan);
            } else if (output.dryRun()) {
                show(losses(model, quantization, quantization.weights()), plan);
            } else {
                try (GgufFile written = new GgufReader().open(target)) {
                    show(losses(model, quantization, written), plan);
                }
            }
        }
        return 0;
    }

    /** What is done goes to the disk while the rest is computed. */
    private void write(WritePlan plan) {
        try (StagedOutput stage = StagedOutput.open(plan.target(), plan.bytes(), output.force())) {
            stage.flush();
            new PlanWriter(common.threads(), common.progress()).writeTo(plan, stage.stage());
            stage.commit();
        }
    }

    private QuantizationTable losses(
            GgufModel model, Quantization quantization, Checkpoint quantized) {
        return QuantizationTable.of(
                quantization,
                ModelDifference.ofValues(
                        model.weights(), quantized, common.threads(), common.progress()));
    }

    private void show(QuantizationTable table, WritePlan plan) {
        Quantization quantization = table.quantization();
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(plan.target().toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("bitsPerWeight", JsonValue.of(quantization.bitsPerWeight()))
                        .with("tensors", table.tensors());
        String summary =
                String.format(
                        Locale.ROOT,
                        "%s: %s, %.2f bits per weight, %d tensors",
                        plan.target(),
                        Sizes.bytes(plan.bytes()),
                        quantization.bitsPerWeight(),
                        quantization.assignments().size());
        if (stats) {
            json = json.with("rmse", JsonValue.of(table.rmse()));
            summary += String.format(Locale.ROOT, ", RMSE %.4g", table.rmse());
        }
        if (output.dryRun()) {
            table.fallbacks().forEach(common::warn);
            common.result(
                    PlannedWork.withNeeds(json, plan.target(), plan.bytes()),
                    table.text()
                            + "\n"
                            + summary
                            + "\n"
                            + PlannedWork.needs(plan.target(), plan.bytes()));
            return;
        }
        if (common.json()) json = json.with("sha256", JsonValue.of(Sha256.of(plan.target())));
        common.note(table.text());
        table.fallbacks().forEach(common::warn);
        common.result(json, summary);
    }
}
