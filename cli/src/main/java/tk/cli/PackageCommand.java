package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import tk.checkpoint.StagedOutput;
import tk.convert.KeyMap;
import tk.convert.gguf.OutType;
import tk.convert.route.ConvertOptions;
import tk.error.UsageException;
import tk.model.ModelSource;
import tk.quantize.FileType;
import tk.tokenizer.VocabularyConversion.Fidelity;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;

/**
 * {@code tk package}: from any input to a verified Ollama package, in one command and one pass over
 * the weights.
 */
@Command(
        name = "package",
        description =
                "Converts, quantizes and verifies a model, and only then writes the Modelfile that runs it in Ollama.",
        footer = {"", "Then: cd DIR && ollama create my-model -f Modelfile && ollama run my-model"})
final class PackageCommand implements Callable<Integer> {
    @Mixin private CommonOptions common;
    @Mixin private OutputOptions output;
    @Mixin private InputOptions inputs;
    @Mixin private AdapterOptions adapters;
    @Mixin private Quantizing quantizing;
    @Mixin private Verifying verifying;
    @Mixin private ModelfileOptions modelfile;
    @Mixin private Converting converting;
    @Mixin private InstallOptions install;

    @Option(
            names = {"-t", "--type"},
            paramLabel = "TYPE",
            description =
                    "q4_K_M, q5_K_M, q6_K, q8_0 (= int8), f16, bf16, f32, … (default: q4_K_M; a GGUF that is quantized already stays as it is).")
    private @Nullable String type;

    /** What a package holds. */
    enum Format {
        GGUF,
        SAFETENSORS
    }

    @Option(
            names = "--format",
            paramLabel = "gguf|safetensors",
            defaultValue = "gguf",
            description =
                    "A GGUF, or a Hugging Face folder that Ollama converts itself (default: ${DEFAULT-VALUE}).")
    private Format format = Format.GGUF;

    @Option(
            names = "--byte-fallback",
            paramLabel = "auto|add|none",
            defaultValue = "auto",
            description = {
                "Byte tokens for a SentencePiece vocabulary that has none, without which llama.cpp and Ollama",
                "abort on the first unknown character (default: ${DEFAULT-VALUE})."
            })
    private ByteTokens.Mode byteFallback = ByteTokens.Mode.AUTO;

    @Option(
            names = "--reference",
            paramLabel = "PATH",
            description = "Verify against this original in place of the input.")
    private @Nullable Path reference;

    @Option(names = "--keep-hf", description = "Keep the Hugging Face folder too.")
    private boolean keepHf;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            description = "The folder to write.")
    private @Nullable Path named;

    @Parameters(
            index = "0",
            paramLabel = "INPUT",
            description = "The model: .pt, HF folder, Meta release or GGUF.")
    private Path input;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "DIR",
            description = "The folder to write, where it is not given with -o.")
    private @Nullable Path last;

    @SuppressWarnings("NullAway.Init")
    PackageCommand() {}

    @Override
    public Integer call() {
        Path target = target();
        FileType fileType = FileType.named(type == null ? "q4_K_M" : type);
        output.requireApart(target, adapters.with(input));
        StagedOutput.check(target, output.force());
        modelfile.check(install.losses());
        verifying.options(common);
        if (!output.dryRun()) inputs.requireIntact(input, common);
        if (format == Format.SAFETENSORS) checkFolder(fileType);
        ConvertOptions given = converting.options(OutType.KEEP, OptionalLong.empty());
        try (ModelSource source =
                named(adapters.open(input, inputs, given, output.dryRun(), common), given)) {
            if (format == Format.SAFETENSORS) return folder(source, target, given, fileType);
            String modelName = converting.name().orElseGet(() -> stem(input));
            Optional<Installing> installing =
                    install.name(modelName)
                            .map(
                                    name ->
                                            new Installing(
                                                    InstallOptions.store(common.console()),
                                                    name,
                                                    output.force()));
            installing.ifPresent(Installing::check);
            boolean kept = type == null && quantizing.isUnsaid() && isQuantized(source);
            OutType converted = conversion(source, fileType);
            Packaging packaging =
                    new Packaging(
                            common,
                            source,
                            kept || converted != OutType.KEEP
                                    ? Optional.empty()
                                    : Optional.of(quantizing.options(fileType)),
                            given.withType(converted).withFidelity(Fidelity.TO_THE_TOKENIZER),
                            fileName(modelName, kept ? ownType(source) : Optional.of(fileType)),
                            byteFallback,
                            adapters.proof());
            packaging.plan();
            if (output.dryRun()) {
                checkReference();
                packaging.showPlan(target, keepHf, modelfile);
                return 0;
            }
            if (reference == null)
                return packaging.run(
                        source, target, output.force(), keepHf, verifying, modelfile, installing);
            try (ModelSource original = inputs.open(reference)) {
                return packaging.run(
                        original, target, output.force(), keepHf, verifying, modelfile, installing);
            }
        }
    }

    private Path target() {
        if ((named == null) == (last == null))
            throw new UsageException(
                    named == null
                            ? "no output folder given"
                            : "two output folders are given: " + named + " and " + last,
                    "tk package INPUT -o DIR");
        return named != null ? named : Objects.requireNonNull(last);
    }

    /** What the real run would open. */
    private void checkReference() {
        if (reference != null) inputs.open(reference).close();
    }

    /** The verifier has no key map: what the user says the names are, they are to it, too. */
    private ModelSource named(ModelSource source, ConvertOptions given) {
        boolean own = given.keyMap().equals(KeyMap.NONE);
        if (own || adapters.given() || source.gguf().isPresent()) return source;
        try {
            return source.with(
                    given.keyMap().applied(source.weights()),
                    source.requireConfig(),
                    Optional.empty());
        } catch (RuntimeException e) {
            source.close();
            throw e;
        }
    }

    private int folder(ModelSource source, Path target, ConvertOptions given, FileType fileType) {
        OutType weights = type == null ? OutType.KEEP : conversion(source, fileType);
        FolderPackaging packaging =
                new FolderPackaging(
                        common, source, given.withType(weights), byteFallback, adapters.proof());
        if (output.dryRun()) {
            checkReference();
            packaging.showPlan(target, modelfile);
            return 0;
        }
        if (reference == null)
            return packaging.run(source, target, output.force(), verifying, modelfile);
        try (ModelSource original = inputs.open(reference)) {
            return packaging.run(original, target, output.force(), verifying, modelfile);
        }
    }

    private void checkFolder(FileType fileType) {
        boolean isFloat =
                switch (fileType) {
                    case F32, F16, BF16 -> true;
                    default -> false;
                };
        if (type != null && !isFloat) {
            throw new UsageException(
                    "--format safetensors: type " + type + " is not for Hugging Face folders",
                    "f32, f16, bf16, or none for the source's own; `ollama create --quantize` takes q4_K_M, q4_K_S and q8_0.");
        }
        if (install.isAsked()) {
            throw new UsageException(
                    "--install puts a GGUF into Ollama's store, not a folder",
                    "Leave --format safetensors out, or create it: ollama create NAME -f DIR/Modelfile.");
        }
    }

    /**
     * Float types are conversion's work, as convert_hf_to_gguf does it; all others are quantized
     * from the source's own type.
     */
    private static OutType conversion(ModelSource source, FileType type) {
        if (source.gguf().isPresent()) return OutType.KEEP;
        return switch (type) {
            case F32 -> OutType.F32;
            case F16 -> OutType.F16;
            case BF16 -> OutType.BF16;
            default -> OutType.KEEP;
        };
    }

    /** Whether there are blocks in it, which another type would round a second time. */
    private static boolean isQuantized(ModelSource source) {
        return source.gguf().isPresent()
                && source.weights().tensors().values().stream()
                        .anyMatch(tensor -> tensor.info().dtype().isBlock());
    }

    private static String stem(Path input) {
        Path last = input.toAbsolutePath().normalize().getFileName();
        if (last == null)
            throw new UsageException(input + ": has no name", "Give one with --name.");
        return last.toString()
                .replaceFirst("(-\\d{5}-of-\\d{5})?\\.(pt|pth|bin|gguf|safetensors)$", "");
    }

    /** What a GGUF that stays as it is says of its type, if that is one we know. */
    private static Optional<FileType> ownType(ModelSource source) {
        return source.gguf()
                .map(metadata -> metadata.integer("general.file_type"))
                .filter(OptionalLong::isPresent)
                .flatMap(code -> FileType.ofCode(code.getAsLong()));
    }

    /** {@code NAME-TYPE.gguf}, with what no file system dislikes; a type at its end counts. */
    private static String fileName(String name, Optional<FileType> type) {
        String safe = name.replaceAll("[^\\p{L}\\p{N}._-]+", "-").toLowerCase(Locale.ROOT);
        String ending = type.map(t -> "-" + t.display()).orElse("");
        String lower = ending.toLowerCase(Locale.ROOT);
        String stem =
                safe.endsWith(lower) ? safe.substring(0, safe.length() - lower.length()) : safe;
        return (stem.isEmpty() ? "model" : stem) + ending + ".gguf";
    }
}
