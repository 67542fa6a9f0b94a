package tk.convert.lora;

import tk.error.MalformedException;
import tk.tensor.Scalars;
import tk.tensor.Scratch;
import tk.tensor.Shape;
import tk.tensor.Tensor;

import java.util.Optional;

/**
 * What a LoRA adds to one module: a matrix of low rank as the product of two factors.
 *
 * <p>A linear layer's weight (out, in) gets {@code s·B·A}, an embedding's (vocabulary, hidden)
 * {@code s·(B·A)ᵀ}.
 *
 * @param module Hugging Face's path, such as {@code model.layers.0.self_attn.q_proj}
 * @param embedding whether it is an embedding
 * @param a (r, in); of an embedding (r, vocabulary)
 * @param b (out, r); of an embedding (hidden, r)
 * @param outputBias what is added to the module's bias, times s: (out)
 * @param magnitude DoRA's: (out), of an embedding (hidden)
 * @param scaling s, before any {@code --scale}
 */
public record LowRank(
        String module,
        boolean embedding,
        Tensor a,
        Tensor b,
        Optional<Tensor> outputBias,
        Optional<Tensor> magnitude,
        double scaling) {

    /** r. */
    public int rank() {
        return Math.toIntExact(a.info().shape().dim(0));
    }

    /** The shape of the weight it is for. */
    public Shape shape() {
        long in = a.info().shape().dim(1);
        long out = b.info().shape().dim(0);
        return embedding ? new Shape(in, out) : new Shape(out, in);
    }

    /** Whether it changes nothing; reads the factors. */
    boolean isZero() {
        return magnitude.isEmpty()
                && outputBias.isEmpty()
                && (scaling == 0 || isZero(b) || isZero(a));
    }

    private static boolean isZero(Tensor tensor) {
        float[] values = values(tensor);
        return Scalars.largestMagnitude(values, 0, values.length) == 0;
    }

    /** All values of a tensor as F32, row after row. */
    static float[] values(Tensor tensor) {
        Shape shape = tensor.info().shape();
        if (shape.elements() > Integer.MAX_VALUE - 8) {
            throw new MalformedException(
                    "tensor `%s`: shape %s, too large for a factor of low rank"
                            .formatted(tensor.info().name(), shape));
        }
        float[] values = new float[(int) shape.elements()];
        try (Scratch scratch = Scratch.borrow(tensor.info().byteSize())) {
            tensor.readRows(0, shape.rows(), scratch.segment());
            Scalars.widen(tensor.info().dtype(), scratch.segment(), 0, values, 0, values.length);
        }
        return values;
    }
}
