package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.checkpoint.Checkpoint;
import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.tensor.Shape;
import tk.tensor.Tensor;
import tk.verify.reference.Decoder.Linear;
import tk.verify.weights.Buffers;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * A checkpoint's tensors by name, each of them checked against the shape that the settings demand,
 * and none left over at the end: a tensor that the forward pass does not know would be a model that
 * it does not compute.
 */
final class TensorTable {
    private final Checkpoint checkpoint;
    private final Set<String> unused;

    TensorTable(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.unused = new LinkedHashSet<>(checkpoint.tensors().keySet());
    }

    /** Whether there is such a tensor. */
    boolean has(String name) {
        return checkpoint.tensors().containsKey(name);
    }

    /** The matrix {@code name}, of the given shape. */
    Weights matrix(String name, long rows, long columns) {
        return new Weights(tensor(name, rows, columns));
    }

    /** The embedding, whose rows are as many as there are. */
    Weights embedding(String name, long columns) {
        return new Weights(tensor(name, -1, columns));
    }

    /** The vector {@code name}. */
    float[] vector(String name, int length) {
        float[] values = new float[length];
        new Weights(tensor(name, length)).read(new ScalarKernels(), 0, 1, values);
        return values;
    }

    /** The vector {@code name}, or null where there is none. */
    float @Nullable [] optionalVector(String name, int length) {
        return has(name) ? vector(name, length) : null;
    }

    /** The matrix {@code stem.weight} with the vector {@code stem.bias} where there is one. */
    Linear linear(String stem, int rows, int columns) {
        Weights weights = matrix(stem + ".weight", rows, columns);
        return new Linear(weights, optionalVector(stem + ".bias", rows));
    }

    private Tensor tensor(String name, long... shape) {
        Tensor tensor = checkpoint.tensors().get(name);
        if (tensor == null) {
            throw new MalformedException(
                    "tensor `%s` is missing".formatted(name),
                    "The checkpoint has %d tensors, the first of them `%s`."
                            .formatted(
                                    checkpoint.tensors().size(),
                                    checkpoint.tensors().isEmpty()
                                            ? ""
                                            : checkpoint.tensors().firstEntry().getKey()));
        }
        Shape found = tensor.info().shape();
        boolean fits = found.rank() == shape.length && found.elements() > 0;
        for (int i = 0; fits && i < shape.length; i++) {
            fits = shape[i] < 0 || shape[i] == found.dim(i);
        }
        if (!fits) {
            throw new MalformedException(
                    "tensor `%s`: expected shape %s, found %s"
                            .formatted(name, Arrays.toString(shape).replace("-1", "any"), found));
        }
        if (!Weights.canRead(tensor.info().dtype())) {
            throw new UnsupportedException(
                    "tensor `%s`: type %s is not supported by the forward pass"
                            .formatted(name, tensor.info().dtype()));
        }
        unused.remove(name);
        return tensor;
    }

    /** Refuses tensors that were not asked for, but for buffers: these follow from the settings. */
    void refuseUnused() {
        unused.removeIf(
                name -> {
                    Tensor tensor = checkpoint.tensors().get(name);
                    return tensor != null && Buffers.isBuffer(tensor.info());
                });
        if (!unused.isEmpty()) {
            throw new UnsupportedException(
                    "%d tensors are unknown to the forward pass, the first of them `%s`"
                            .formatted(unused.size(), unused.iterator().next()),
                    "Supported: the tensors of Llama, Mistral, Qwen2 and Qwen3.");
        }
    }
}
