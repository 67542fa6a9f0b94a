package tk.cli;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.PlanWriter;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.convert.route.ToHf;
import tk.error.IoException;
import tk.gguf.GgufWriter;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.modelfile.ChatTemplateCheck;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.TemplateChoice;
import tk.modelfile.VerifiedModelfile;
import tk.modelfile.VerifiedModelfile.Losses;
import tk.modelfile.store.Installation;
import tk.quantize.FloatRows;
import tk.quantize.Quantization;
import tk.quantize.QuantizeOptions;
import tk.tensor.DType;
import tk.tensor.Tensor;
import tk.verify.Verification;
import tk.verify.VerifiedArtifact;
import tk.verify.Verifier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** The main job, step by step: plan, write, verify, report, and only then the Modelfile. */
final class Packaging {
    /** Where --keep-hf puts the Hugging Face folder, inside the package. */
    private static final String HF_FOLDER = "hf";

    /** More than reports and a Modelfile take. */
    private static final long REPORT_SPACE = 4 << 20;

    private final CommonOptions common;
    private final ModelSource source;
    private final Optional<QuantizeOptions> options;
    private final ConvertOptions converting;
    private final String fileName;
    private final ByteTokens.Mode byteFallback;
    private final Optional<AdapterProof> merged;

    private @Nullable GgufModel planned;

    /**
     * A job.
     *
     * @param options of the quantization; empty where the weights stay as conversion makes them
     * @param converting what the user says of the conversion
     * @param fileName of the GGUF
     * @param merged what was proven of the adapters that the source holds
     */
    Packaging(
            CommonOptions common,
            ModelSource source,
            Optional<QuantizeOptions> options,
            ConvertOptions converting,
            String fileName,
            ByteTokens.Mode byteFallback,
            Optional<AdapterProof> merged) {
        this.common = common;
        this.source = source;
        this.options = options;
        this.converting = converting;
        this.fileName = fileName;
        this.byteFallback = byteFallback;
        this.merged = merged;
    }

    /**
     * Accounts for every tensor, and tells what a person should know before anything is computed.
     */
    void plan() {
        GgufModel converted = GgufModel.of(source, converting);
        GgufModel model =
                new GgufModel(
                        EndTokens.of(source, converted.metadata()).named(converted.metadata()),
                        converted.weights(),
                        converted.notes());
        planned = model;
        model.notes().forEach(common::note);
        // What can't be read can't be verified, though it could be copied.
        for (Tensor tensor : model.weights().tensors().values())
            FloatRows.requireReadable(tensor.info());
        if (addsBytes(model)) {
            common.note(
                    "the vocabulary lacks byte pieces, so llama.cpp and Ollama would abort on the first unknown character (such as"
                            + " â or an emoji): "
                            + model.vocabulary().missingBytes().size()
                            + " byte tokens are added");
        } else if (ByteTokens.lackedBy(model)) {
            common.warn(ByteTokens.warning(model));
        }
    }

    /** Prints what would be written, having checked what the real run checks. */
    void showPlan(Path target, boolean keepHf, ModelfileOptions modelfile) {
        GgufModel model = model();
        ModelDefaults defaults = ModelDefaults.of(source, model);
        tellOfContext(modelfile, defaults);
        ModelfileOptions.tellOf(
                modelfile.choose(model.metadata(), defaults.chatTemplate()), common);
        Quantization quantization = planned(model);
        QuantizationTable table = QuantizationTable.of(quantization);
        table.fallbacks().forEach(common::warn);
        WritePlan plan = gguf(quantization, target);
        long space = space(plan, keepHf ? Optional.of(hfFolder(target)) : Optional.empty());
        StagedOutput.requireSpace(target, space);
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(plan.target().toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("bitsPerWeight", JsonValue.of(quantization.bitsPerWeight()))
                        .with("tensors", table.tensors());
        common.result(
                PlannedWork.withNeeds(json, target, space),
                table.text()
                        + String.format(
                                Locale.ROOT,
                                "%n%s: %s, %.2f bits per weight, %d tensors%n%s",
                                plan.target(),
                                Sizes.bytes(plan.bytes()),
                                quantization.bitsPerWeight(),
                                quantization.assignments().size(),
                                PlannedWork.needs(target, space)));
    }

    private static long space(WritePlan gguf, Optional<WritePlan> folder) {
        return gguf.bytes() + folder.map(WritePlan::bytes).orElse(0L) + REPORT_SPACE;
    }

    /**
     * Does it.
     *
     * @param reference what to verify against
     * @return the exit code: 0, or an exception
     */
    int run(
            ModelSource reference,
            Path target,
            boolean force,
            boolean keepHf,
            Verifying verifying,
            ModelfileOptions modelfile,
            Optional<Installing> install) {
        GgufModel model = model();
        ModelDefaults defaults = ModelDefaults.of(source, model);
        tellOfContext(modelfile, defaults);
        TemplateChoice template = modelfile.choose(model.metadata(), defaults.chatTemplate());
        ModelfileOptions.tellOf(template, common);
        List<Instruction> instructions = modelfile.instructions(defaults, template);

        // Byte rows take a while to fit: what would stop the writing is said before.
        Optional<WritePlan> folder = keepHf ? Optional.of(hfFolder(target)) : Optional.empty();
        StagedOutput.requireSpace(target, space(gguf(planned(model), target), folder));
        Optional<ByteTokens> bytes =
                addsBytes(model)
                        ? Optional.of(
                                ByteTokens.fitted(
                                        model, source, common.threads(), common.progress()))
                        : Optional.empty();
        GgufModel extended = bytes.map(ByteTokens::model).orElse(model);
        Quantization quantization = quantization(model, extended);
        QuantizationTable.of(quantization).fallbacks().forEach(common::warn);

        WritePlan plan = gguf(quantization, target);
        try (StagedOutput stage = StagedOutput.open(target, space(plan, folder), force)) {
            Path gguf = stage.stage().resolve(fileName);
            createFolder(stage.stage());
            PlanWriter writer = new PlanWriter(common.threads(), common.progress());
            writer.writeTo(plan, gguf);
            folder.ifPresent(f -> writer.writeTo(f, stage.stage().resolve(HF_FOLDER)));
            Verification verification =
                    Verifier.verify(
                            reference,
                            gguf,
                            verifying
                                    .options(common)
                                    .withTemplates(new ChatTemplateCheck(Optional.of(template))));
            PackageReport report =
                    new PackageReport(
                            target, bytes, merged, Optional.of(quantization.bitsPerWeight()));
            report.write(verification, stage);
            if (!verification.pass()) {
                delete(gguf);
                stage.commit();
                report.fail(verification, common);
            }
            VerifiedArtifact verified = VerifiedArtifact.of(verification);
            Losses losses = install.isPresent() ? Losses.ALLOWED : Losses.REFUSED;
            VerifiedModelfile.write(verified, instructions, losses).forEach(common::warn);
            stage.commit();
            Optional<Installation> installed =
                    install.map(
                            i -> i.write(verified.movedTo(target.resolve(fileName)), instructions));
            report.print("gguf", target.resolve(fileName), verified, installed, common);
        }
        return 0;
    }

    private WritePlan hfFolder(Path target) {
        ConvertOptions keep = converting.withType(OutType.KEEP);
        return ToHf.of(source, keep).plan(keep, target.resolve(HF_FOLDER));
    }

    private GgufModel model() {
        GgufModel model = planned;
        if (model == null) throw new IllegalStateException("not planned");
        return model;
    }

    /** The model as it will be quantized, byte rows without values where they are to be fitted. */
    private Quantization planned(GgufModel model) {
        return quantization(model, addsBytes(model) ? ByteTokens.planned(model) : model);
    }

    private WritePlan gguf(Quantization quantization, Path target) {
        return GgufWriter.plan(
                quantization.metadata(), quantization.weights(), target.resolve(fileName));
    }

    private boolean addsBytes(GgufModel model) {
        return ByteTokens.lackedBy(model) && byteFallback != ByteTokens.Mode.NONE;
    }

    /**
     * The types of all tensors. A head that was tied, and is its own only for the byte tokens,
     * leaves the embedding the type that both had as one: so the original tokens' logits are those
     * of the model without byte tokens, to the bit.
     */
    private Quantization quantization(GgufModel original, GgufModel model) {
        if (options.isEmpty()) return Quantization.none(model.metadata(), model.weights());
        QuantizeOptions effective = options.get();
        if (original.tied() && !model.tied() && effective.tokenEmbeddingType().isEmpty()) {
            DType shared =
                    Objects.requireNonNull(
                                    Quantization.of(
                                                    original.metadata(),
                                                    original.weights(),
                                                    effective)
                                            .byName()
                                            .get("token_embd.weight"))
                            .to();
            effective = effective.withTokenEmbeddingType(shared);
        }
        return Quantization.of(model.metadata(), model.weights(), effective);
    }

    private void tellOfContext(ModelfileOptions modelfile, ModelDefaults model) {
        Optional<Long> given = modelfile.given("num_ctx").map(Long::parseLong);
        if (given.isEmpty() && model.isCapped()) {
            common.note(
                    "the model was made for %d positions; num_ctx is pinned to 8192 for the memory's sake: ask for more with --parameter num_ctx=N"
                            .formatted(model.context()));
        }
        given.filter(n -> n > model.context())
                .ifPresent(
                        n ->
                                common.warn(
                                        "num_ctx %d: the model was trained on %d positions, beyond them its text degrades"
                                                .formatted(n, model.context())));
    }

    private static void createFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be created: " + e.getMessage(), null, e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new IoException(file + ": cannot be removed: " + e.getMessage(), null, e);
        }
    }
}
