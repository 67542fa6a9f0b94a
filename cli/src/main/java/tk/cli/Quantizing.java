package tk.cli;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine.Option;

import tk.error.UsageException;
import tk.quantize.FileType;
import tk.quantize.ImportanceMatrices;
import tk.quantize.Quantization;
import tk.quantize.QuantizeOptions;
import tk.tensor.DType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** llama-quantize's options, with its names and meaning. */
final class Quantizing {
    @Option(
            names = "--imatrix",
            paramLabel = "FILE",
            description = "An importance matrix (GGUF or legacy .dat).")
    private @Nullable Path imatrix;

    @Option(names = "--pure", description = "Give every tensor the one type.")
    private boolean pure;

    @Option(names = "--leave-output-tensor", description = "Leave output.weight as it is.")
    private boolean leaveOutputTensor;

    @Option(
            names = "--output-tensor-type",
            paramLabel = "TYPE",
            description = "The type of the output head.")
    private @Nullable String outputTensorType;

    @Option(
            names = "--token-embedding-type",
            paramLabel = "TYPE",
            description = "The type of the token embedding.")
    private @Nullable String tokenEmbeddingType;

    @Option(
            names = "--tensor-type",
            paramLabel = "REGEX=TYPE",
            description =
                    "The type of the tensors whose name matches; the first match wins. May be given several times.")
    private List<String> tensorTypes = new ArrayList<>();

    @Option(
            names = "--allow-requantize",
            description = "Accept tensors that are quantized already (loses quality).")
    private boolean allowRequantize;

    @Option(
            names = "--no-fallback",
            description = "Refuse where a row's length forces another type than the one asked for.")
    private boolean noFallback;

    /** Whether nothing is said of how to quantize. */
    boolean isUnsaid() {
        return imatrix == null
                && !pure
                && !leaveOutputTensor
                && outputTensorType == null
                && tokenEmbeddingType == null
                && tensorTypes.isEmpty()
                && !allowRequantize
                && !noFallback;
    }

    QuantizeOptions options(FileType type) {
        return new QuantizeOptions(
                type,
                pure,
                leaveOutputTensor,
                Optional.ofNullable(outputTensorType)
                        .map(name -> tensorType("--output-tensor-type", name)),
                Optional.ofNullable(tokenEmbeddingType)
                        .map(name -> tensorType("--token-embedding-type", name)),
                tensorTypes.stream().map(Quantizing::rule).toList(),
                allowRequantize,
                noFallback,
                Optional.ofNullable(imatrix).map(ImportanceMatrices::read));
    }

    /**
     * Has the quantizer make ready for a model, from the size of its file: four bytes a value at
     * most. A folder's is not asked for.
     */
    void announce(FileType type, Path model) {
        try {
            if (Files.isRegularFile(model))
                Quantization.announce(type, imatrix != null, Files.size(model) / 4);
        } catch (IOException e) {
            // Whoever opens the file will tell.
        }
    }

    private static QuantizeOptions.TensorType rule(String text) {
        int equals = text.lastIndexOf('=');
        if (equals <= 0)
            throw new UsageException(
                    "--tensor-type " + text, "Write it as REGEX=TYPE, such as attn_v=q8_0.");
        try {
            Pattern pattern = Pattern.compile(text.substring(0, equals).toLowerCase(Locale.ROOT));
            return new QuantizeOptions.TensorType(
                    pattern, tensorType("--tensor-type", text.substring(equals + 1)));
        } catch (PatternSyntaxException e) {
            throw new UsageException("--tensor-type " + text + ": " + e.getDescription(), null, e);
        }
    }

    private static DType tensorType(String option, String name) {
        String type = name.equalsIgnoreCase("int8") ? "Q8_0" : name;
        return DType.named(type)
                .filter(t -> t.isBlock() || t == DType.F32 || t == DType.F16 || t == DType.BF16)
                .orElseThrow(() -> new UsageException(option + ": no tensor type `" + name + "`"));
    }
}
