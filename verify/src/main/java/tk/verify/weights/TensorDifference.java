package tk.verify.weights;

import tk.tensor.DType;
import tk.tensor.Shape;

import java.util.Optional;

/**
 * How a tensor of the candidate differs from the one it was made from.
 *
 * @param name the candidate's
 * @param sourceName the reference's
 * @param layer the decoder layer, or -1 outside the layers
 * @param part a word for what it is, such as {@code q} or {@code down}
 * @param from the reference's type
 * @param to the candidate's type
 * @param shape of the compared part, outermost first
 * @param changed values that are not the reference's exactly
 * @param maxAbs the largest difference of two values
 * @param rmse root of the mean square difference
 * @param nmse mean square difference over the mean square of the reference
 * @param worstRow the row with the largest mean square difference
 * @param notNearest values whose code is not the nearest to the source's value
 * @param failure what is wrong, in a sentence, where something is
 * @param note what a reader should know although nothing is wrong
 */
public record TensorDifference(
        String name,
        String sourceName,
        int layer,
        String part,
        DType from,
        DType to,
        Shape shape,
        long changed,
        double maxAbs,
        double rmse,
        double nmse,
        long worstRow,
        long notNearest,
        Optional<String> failure,
        Optional<String> note) {

    /** Whether every value is the reference's. */
    public boolean isExact() {
        return changed == 0;
    }
}
