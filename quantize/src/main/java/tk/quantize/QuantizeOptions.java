package tk.quantize;

import tk.tensor.DType;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What llama-quantize can be told, with its meaning.
 *
 * @param fileType the mixture
 * @param pure give every tensor the mixture's default type
 * @param leaveOutputTensor copy {@code output.weight}; does nothing where the head is tied
 * @param outputTensorType type of the output head, before everything else; of a tied one only where
 *     the mixture would choose, so not with {@code pure}
 * @param tokenEmbeddingType type of the token embedding, before everything else
 * @param tensorTypes types for tensors by name; the first pattern found anywhere in the name wins
 * @param allowRequantize accept input tensors that are quantized already
 * @param noFallback refuse where a row's length does not allow the wanted type, in place of taking
 *     another
 * @param imatrix the weights of every column
 */
public record QuantizeOptions(
        FileType fileType,
        boolean pure,
        boolean leaveOutputTensor,
        Optional<DType> outputTensorType,
        Optional<DType> tokenEmbeddingType,
        List<TensorType> tensorTypes,
        boolean allowRequantize,
        boolean noFallback,
        Optional<ImportanceMatrix> imatrix) {

    /** Copies the list. */
    public QuantizeOptions {
        tensorTypes = List.copyOf(tensorTypes);
    }

    /** The mixture and nothing else. */
    public static QuantizeOptions of(FileType fileType) {
        return new QuantizeOptions(
                fileType,
                false,
                false,
                Optional.empty(),
                Optional.empty(),
                List.of(),
                false,
                false,
                Optional.empty());
    }

    /** The same with an importance matrix. */
    public QuantizeOptions with(ImportanceMatrix matrix) {
        return new QuantizeOptions(
                fileType,
                pure,
                leaveOutputTensor,
                outputTensorType,
                tokenEmbeddingType,
                tensorTypes,
                allowRequantize,
                noFallback,
                Optional.of(matrix));
    }

    /** The same with a type for the token embedding. */
    public QuantizeOptions withTokenEmbeddingType(DType type) {
        return new QuantizeOptions(
                fileType,
                pure,
                leaveOutputTensor,
                outputTensorType,
                Optional.of(type),
                tensorTypes,
                allowRequantize,
                noFallback,
                imatrix);
    }

    /** A type for the tensors whose name holds a match of {@code pattern}. */
    public record TensorType(Pattern pattern, DType type) {}
}
