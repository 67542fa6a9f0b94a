package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A LLaMA-like decoder in the forward pass's own terms: what any of the dialects' names and
 * settings come down to.
 *
 * @param name the family, as its file calls it: for messages
 * @param hidden width of the residual stream
 * @param heads query heads
 * @param kvHeads key and value heads; {@code heads} is a multiple of it
 * @param headDim width of a head
 * @param feedForward width of the MLP's inner layer
 * @param contextLength positions the model was made for
 * @param normEps what the RMS norms add to the mean square
 * @param rope rotary angles
 * @param layout which two values of a head rotate together
 * @param embedding {@code (vocabulary, hidden)}
 * @param layers in order
 * @param finalNorm {@code (hidden)}
 * @param head {@code (vocabulary, hidden)}; the embedding where they are tied
 */
record Decoder(
        String name,
        int hidden,
        int heads,
        int kvHeads,
        int headDim,
        int feedForward,
        int contextLength,
        float normEps,
        RotaryEmbedding rope,
        RotaryLayout layout,
        Weights embedding,
        List<Layer> layers,
        float[] finalNorm,
        Linear head) {

    int vocabulary() {
        return embedding.rows();
    }

    /** All matrices, each once: a tied head is the embedding. */
    Collection<Weights> matrices() {
        Set<Weights> all = new LinkedHashSet<>();
        all.add(embedding);
        for (Layer layer : layers) {
            for (Linear linear :
                    List.of(
                            layer.query,
                            layer.key,
                            layer.value,
                            layer.output,
                            layer.gate,
                            layer.up,
                            layer.down)) {
                all.add(linear.weights());
            }
        }
        all.add(head.weights());
        return all;
    }

    /**
     * A matrix to multiply with, and what is added to the product.
     *
     * @param weights {@code (out, in)}
     * @param bias {@code (out)}, or null
     * @param branches what adapters add beside the matrix, in order, before the bias
     */
    record Linear(Weights weights, float @Nullable [] bias, List<Branch> branches) {
        Linear(Weights weights, float @Nullable [] bias) {
            this(weights, bias, List.of());
        }
    }

    /**
     * One decoder layer.
     *
     * @param attentionNorm {@code (hidden)}
     * @param query {@code (heads * headDim, hidden)}
     * @param key {@code (kvHeads * headDim, hidden)}
     * @param value {@code (kvHeads * headDim, hidden)}
     * @param queryNorm {@code (headDim)}, or null
     * @param keyNorm {@code (headDim)}, or null
     * @param output {@code (hidden, heads * headDim)}
     * @param mlpNorm {@code (hidden)}
     * @param gate {@code (feedForward, hidden)}
     * @param up {@code (feedForward, hidden)}
     * @param down {@code (hidden, feedForward)}
     * @param window how many positions a token sees, itself included; 0 for all before it
     */
    record Layer(
            float[] attentionNorm,
            Linear query,
            Linear key,
            Linear value,
            float @Nullable [] queryNorm,
            float @Nullable [] keyNorm,
            Linear output,
            float[] mlpNorm,
            Linear gate,
            Linear up,
            Linear down,
            int window) {}
}
