package tk.verify.weights;

import tk.checkpoint.Checkpoint;
import tk.checkpoint.TensorMap;
import tk.tensor.Tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The reference's checkpoint with rounding errors as large as the candidate's, but of its own.
 *
 * <p>Run against the reference, it tells how much of a candidate's divergence the size of its
 * rounding errors explains: models differ by orders of magnitude in how they take them.
 */
public final class ControlWeights {
    private ControlWeights() {}

    /**
     * The reference's tensors, moved. Closing it closes nothing.
     *
     * @param checkpoint the reference's
     * @param reference its weights
     * @param candidate the candidate's, of the same shapes
     * @param draw which of the ways that chance can move them, from 0
     */
    public static Checkpoint of(
            Checkpoint checkpoint,
            CanonicalWeights reference,
            CanonicalWeights candidate,
            int draw) {
        List<Tensor> tensors = new ArrayList<>();
        for (Map.Entry<String, Tensor> entry : checkpoint.tensors().entrySet()) {
            Optional<Tensor> target =
                    reference
                            .names()
                            .role(entry.getKey())
                            .flatMap(role -> candidate.inOrderOf(reference, role));
            tensors.add(
                    target.isPresent()
                            ? new MirroredTensor(entry.getValue(), target.get(), draw)
                            : entry.getValue());
        }
        return new TensorMap(tensors, checkpoint.metadata(), List.of());
    }
}
