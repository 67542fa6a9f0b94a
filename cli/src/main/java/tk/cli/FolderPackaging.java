package tk.cli;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.PlanWriter;
import tk.checkpoint.StagedOutput;
import tk.checkpoint.WritePlan;
import tk.convert.bytefallback.ByteRows;
import tk.convert.bytefallback.HeadRow;
import tk.convert.gguf.GgufTokenizerFiles;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.convert.route.ToHf;
import tk.error.IoException;
import tk.hf.ConfigReader;
import tk.hf.HfFolderWriter;
import tk.hf.ModelConfig;
import tk.json.JsonValue;
import tk.json.JsonValue.JsonObject;
import tk.model.ModelSource;
import tk.modelfile.ChatTemplateCheck;
import tk.modelfile.Modelfile.Instruction;
import tk.modelfile.TemplateChoice;
import tk.modelfile.VerifiedModelfile;
import tk.modelfile.VerifiedModelfile.Losses;
import tk.modelfile.check.FolderImport;
import tk.tensor.TensorInfo;
import tk.tokenizer.GgufVocabulary;
import tk.verify.Verification;
import tk.verify.VerifiedArtifact;
import tk.verify.Verifier;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;

/**
 * A package that Ollama converts itself: a Hugging Face folder, verified against its source, with a
 * {@code FROM .} Modelfile and a warning for everything that Ollama's importer gets wrong with it.
 */
final class FolderPackaging {
    /** More than reports and a Modelfile take. */
    private static final long REPORT_SPACE = 4 << 20;

    private final CommonOptions common;
    private final ModelSource source;
    private final ConvertOptions converting;
    private final ByteTokens.Mode byteFallback;
    private final Optional<AdapterProof> merged;
    private final ToHf folder;

    /** The same model as a GGUF, for what that says of vocabulary and settings; never written. */
    private final GgufModel model;

    /**
     * Accounts for every tensor.
     *
     * @param converting with the type of the weights
     * @param merged what was proven of the adapters that the source holds
     */
    FolderPackaging(
            CommonOptions common,
            ModelSource source,
            ConvertOptions converting,
            ByteTokens.Mode byteFallback,
            Optional<AdapterProof> merged) {
        this.common = common;
        this.source = source;
        this.converting = converting;
        this.byteFallback = byteFallback;
        this.merged = merged;
        folder = ToHf.of(source, converting);
        model = GgufModel.of(source, converting.withType(OutType.KEEP));
        folder.notes().forEach(common::note);
    }

    /** Prints what would be written, having checked what the real run checks. */
    void showPlan(Path target, ModelfileOptions modelfile) {
        ModelfileOptions.tellOf(
                modelfile.choose(model.metadata(), ModelDefaults.of(source, model).chatTemplate()),
                common);
        Contents planned = tellOfBytes() ? extended(ByteTokens.noRow(model)) : contents();
        WritePlan plan = plan(planned, target);
        long space = plan.bytes() + REPORT_SPACE;
        StagedOutput.requireSpace(target, space);
        List<JsonValue> tensors =
                planned.weights().tensors().values().stream()
                        .map(tensor -> json(tensor.info()))
                        .toList();
        JsonObject json =
                new JsonObject(new LinkedHashMap<>())
                        .with("path", JsonValue.of(target.toString()))
                        .with("bytes", JsonValue.of(plan.bytes()))
                        .with("tensors", new JsonValue.JsonArray(tensors));
        common.result(
                PlannedWork.withNeeds(json, target, space),
                PlannedWork.table(folder.weights(), planned.weights())
                        + "%s: %s, %d tensors%n%s"
                                .formatted(
                                        target,
                                        Sizes.bytes(plan.bytes()),
                                        tensors.size(),
                                        PlannedWork.needs(target, space)));
    }

    private static JsonValue json(TensorInfo info) {
        SequencedMap<String, Object> members = new LinkedHashMap<>();
        members.put("name", info.name());
        members.put("dtype", info.dtype().name());
        members.put("shape", Arrays.stream(info.shape().dims()).boxed().toList());
        members.put("bytes", info.byteSize());
        return JsonValue.of(members);
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
            Verifying verifying,
            ModelfileOptions modelfile) {
        ModelDefaults defaults = ModelDefaults.of(source, model);
        TemplateChoice template = modelfile.choose(model.metadata(), defaults.chatTemplate());
        ModelfileOptions.tellOf(template, common);
        List<Instruction> instructions = modelfile.instructions(defaults, template);
        boolean addsBytes = tellOfBytes();
        // Byte rows take a while to fit: what would stop the writing is said before.
        Contents planned = addsBytes ? extended(ByteTokens.noRow(model)) : contents();
        StagedOutput.requireSpace(target, plan(planned, target).bytes() + REPORT_SPACE);
        Optional<ByteTokens> bytes =
                addsBytes
                        ? Optional.of(
                                ByteTokens.fitted(
                                        model, source, common.threads(), common.progress()))
                        : Optional.empty();
        WritePlan plan =
                plan(bytes.map(b -> extended(b.fit().fit().row())).orElse(planned), target);
        PackageReport report = new PackageReport(target, bytes, merged, Optional.empty());
        try (StagedOutput stage = StagedOutput.open(target, plan.bytes() + REPORT_SPACE, force)) {
            new PlanWriter(common.threads(), common.progress()).writeTo(plan, stage.stage());
            Verification verification =
                    Verifier.verify(
                            reference,
                            stage.stage(),
                            verifying
                                    .options(common)
                                    .withTemplates(new ChatTemplateCheck(Optional.of(template))));
            if (!verification.pass()) {
                deleteFiles(stage.stage());
                report.write(verification, stage);
                stage.commit();
                report.fail(verification, common);
            }
            // The proof is about the folder's files, to which the reports do not belong.
            VerifiedArtifact verified = VerifiedArtifact.of(verification);
            FolderImport ollama = FolderImport.of(stage.stage());
            report.write(verification, stage);
            VerifiedModelfile.write(verified, instructions, Losses.REFUSED);
            stage.commit();
            ollama.refusals().forEach(why -> common.warn("Ollama will refuse this folder: " + why));
            ollama.warnings().stream()
                    .filter(warning -> !warning.equals(FolderImport.NO_BYTE_PIECES))
                    .forEach(common::warn);
            report.print("folder", target, verified, Optional.empty(), common);
        }
        return 0;
    }

    /** Whether byte tokens are to be added; says so, or what happens without them. */
    private boolean tellOfBytes() {
        if (!ByteTokens.lackedBy(model)) return false;
        if (byteFallback == ByteTokens.Mode.NONE) {
            common.warn(ByteTokens.warning(model));
            return false;
        }
        common.note(
                "the vocabulary lacks byte pieces, so Ollama would abort on the first unknown character: %d byte tokens are added"
                        .formatted(model.vocabulary().missingBytes().size()));
        return true;
    }

    /** What goes into the folder. */
    private record Contents(Checkpoint weights, HfFolderWriter.Contents files) {}

    private Contents contents() {
        return new Contents(folder.weights(), folder.contents());
    }

    private WritePlan plan(Contents contents, Path target) {
        HfFolderWriter.Contents files = contents.files();
        // Ollama's importer knows the spellings before transformers 5 alone.
        return HfFolderWriter.plan(
                new HfFolderWriter.Contents(
                        files.config(), files.generation(), files.tokenizer(), true),
                contents.weights(),
                converting.maxShardBytes().orElse(HfFolderWriter.DEFAULT_MAX_SHARD_SIZE),
                target);
    }

    /** The folder of the model with byte tokens: vocabulary, embedding, head, and their size. */
    private Contents extended(float[] headRow) {
        GgufVocabulary lacking = model.vocabulary();
        GgufVocabulary vocabulary = lacking.withBytePieces();
        int unknown = lacking.specialId("unk").orElse(ByteFallbackFit.unknownId(lacking));
        Checkpoint weights =
                ByteRows.ofHuggingFace(
                                lacking.missingBytes().size(), unknown, HeadRow.ofFloats(headRow))
                        .apply(folder.weights());
        ModelConfig config =
                ConfigReader.parse(
                        folder.contents()
                                .config()
                                .json()
                                .with("vocab_size", JsonValue.of(vocabulary.tokens().size()))
                                .with("tie_word_embeddings", JsonValue.of(false)),
                        "config.json");
        return new Contents(
                weights,
                new HfFolderWriter.Contents(
                        config,
                        folder.contents().generation(),
                        GgufTokenizerFiles.of(vocabulary, config.maxPositions()),
                        true));
    }

    private static void deleteFiles(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) Files.delete(file);
        } catch (IOException e) {
            throw new IoException(folder + ": cannot be removed: " + e.getMessage(), null, e);
        }
    }
}
