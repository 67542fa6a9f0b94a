package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.convert.route.ConvertOptions;
import tk.convert.route.LoraMerge;
import tk.convert.route.ToHf;
import tk.error.UsageException;
import tk.gguf.GgufWriter;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.quantize.FileType;
import tk.quantize.Quantization;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code tk merge-lora}: PEFT adapters merged into their base, as PEFT merges them. */
@Command(
        name = "merge-lora",
        description =
                "Merges LoRA adapters into their base: a Hugging Face folder, or with -t a GGUF.",
        footer = {
            "",
            "BASE is anything tk reads; ADAPTER is a folder with adapter_config.json and its tensors.",
            "Several adapters are merged one after another."
        })
final class MergeLoraCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private OutputOptions output;
    @Mixin private InputOptions inputs;
    @Mixin private Quantizing quantizing;
    @Mixin private Converting converting;
    @Mixin private WeightOptions written;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            description = "Write a GGUF of this type, such as q4_K_M or f16.")
    private @Nullable String type;

    @Option(
            names = "--scale",
            paramLabel = "X",
            defaultValue = "1",
            description = "Multiplies what the adapters add (default: ${DEFAULT-VALUE}).")
    private double scale = 1;

    @Option(
            names = "--dequantize",
            description = "Merge into a quantized GGUF, made F32 first: its own losses stay.")
    private boolean dequantize;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "PATH",
            description = "What to write.")
    private @Nullable Path target;

    @Parameters(
            // Not "2..*": options may stand between the paths, and each run of them is counted by
            // itself.
            arity = "1..*",
            paramLabel = "BASE ADAPTER… OUTPUT",
            description = "The base, the adapters in order, and where to.")
    private List<Path> arguments = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    MergeLoraCommand() {}

    @Override
    public Integer call() {
        if (arguments.size() < (target == null ? 3 : 2)) {
            throw new UsageException(
                    "BASE, ADAPTER and OUTPUT are needed", "tk merge-lora BASE ADAPTER… OUTPUT");
        }
        List<Path> adapters = new ArrayList<>(arguments);
        Path base = adapters.removeFirst();
        Path path = target != null ? target : adapters.removeLast();
        output.requireApart(path, List.of(base));
        output.requireApart(path, adapters);
        if (!output.dryRun()) {
            StagedOutput.check(path, output.force());
            inputs.requireIntact(base, common);
        }
        ConvertOptions options = converting.options(written.type(), written.shardBytes());
        try (LoraMerge merge =
                AdapterOptions.merge(
                        inputs.open(base),
                        adapters,
                        new LoraMerge.How(scale, dequantize),
                        options)) {
            merge.notes().forEach(common::note);
            WritePlan plan = plan(merge, options, path);
            AdapterProof proof;
            if (output.dryRun()) {
                StagedOutput.check(path, output.force());
                StagedOutput.requireSpace(path, plan.bytes());
                proof = proven(merge, merge.source());
            } else {
                proof = write(merge, plan);
            }
            report(proof, plan);
        }
        return 0;
    }

    /** Writes; a folder is proven as it was written, before it gets its name. */
    private AdapterProof write(LoraMerge merge, WritePlan plan) {
        Optional<AdapterProof> planned =
                plan.folder() ? Optional.empty() : Optional.of(proven(merge, merge.source()));
        try (StagedOutput stage = StagedOutput.open(plan.target(), plan.bytes(), output.force())) {
            stage.flush();
            new PlanWriter(common.threads(), common.progress()).writeTo(plan, stage.stage());
            AdapterProof proof = planned.orElseGet(() -> provenAt(stage.stage(), merge));
            stage.commit();
            return proof;
        }
    }

    private AdapterProof provenAt(Path written, LoraMerge merge) {
        try (ModelSource source = ModelSource.open(written, ModelSource.Options.NONE)) {
            return proven(merge, source);
        }
    }

    private AdapterProof proven(LoraMerge merge, ModelSource merged) {
        return AdapterProof.of(merge, merged, output.dryRun(), common);
    }

    private WritePlan plan(LoraMerge merge, ConvertOptions options, Path path) {
        if (type == null) {
            ToHf folder = ToHf.of(merge.source(), options);
            folder.notes().stream()
                    .filter(note -> !merge.notes().contains(note))
                    .forEach(common::note);
            return folder.plan(options, path);
        }
        FileType fileType = FileType.named(type);
        GgufModel model = GgufModel.of(merge.source(), options);
        model.notes().forEach(common::note);
        if (ByteTokens.lackedBy(model)) common.warn(ByteTokens.warning(model, "tk package"));
        Quantization quantization =
                Quantization.of(model.metadata(), model.weights(), quantizing.options(fileType));
        QuantizationTable.of(quantization).fallbacks().forEach(common::warn);
        return GgufWriter.plan(quantization.metadata(), quantization.weights(), path);
    }

    private void report(AdapterProof proof, WritePlan plan) {
        List<String> lines = new ArrayList<>(proof.lines());
        lines.add(plan.target() + ": " + Sizes.bytes(plan.bytes()));
        if (output.dryRun()) lines.add(PlannedWork.needs(plan.target(), plan.bytes()));
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(plan.target().toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("written", JsonValue.of(!output.dryRun()));
        if (output.dryRun()) json = PlannedWork.withNeeds(json, plan.target(), plan.bytes());
        // Only a report wants the hashes of the adapters' files.
        if (common.json()) json = json.with("lora", proof.evidence().toJson());
        common.result(json, String.join("\n", lines));
    }
}
