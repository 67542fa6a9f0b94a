package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.hf.ModelConfig;
import tk.verify.reference.Decoder.Layer;
import tk.verify.reference.Decoder.Linear;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads the names of Meta's own releases, and Mistral's ({@code consolidated.NN.pth}), shards
 * joined.
 *
 * <pre>
 * tok_embeddings.weight                   (vocabulary, hidden)
 * layers.N.attention_norm.weight          (hidden)
 * layers.N.attention.wq.weight            (heads * headDim, hidden), pairs interleaved
 * layers.N.attention.wk, wv.weight        (kvHeads * headDim, hidden), wk's pairs interleaved
 * layers.N.attention.wo.weight            (hidden, heads * headDim)
 * layers.N.ffn_norm.weight                (hidden)
 * layers.N.feed_forward.w1, w3.weight     (feedForward, hidden): gate, up
 * layers.N.feed_forward.w2.weight         (hidden, feedForward): down
 * norm.weight                             (hidden)
 * output.weight                           (vocabulary, hidden)
 * </pre>
 */
final class MetaModel {
    private MetaModel() {}

    /** Whether the names are these. */
    static boolean recognises(Checkpoint checkpoint) {
        return checkpoint.tensors().containsKey("tok_embeddings.weight");
    }

    static Decoder read(Checkpoint checkpoint, ModelConfig config) {
        TensorTable table = new TensorTable(checkpoint);
        int hidden = config.hiddenSize();
        int headDim = config.headDim();
        int queries = Math.multiplyExact(config.heads(), headDim);
        int keys = Math.multiplyExact(config.kvHeads(), headDim);
        int inner = config.feedForward();

        Weights embedding = table.embedding("tok_embeddings.weight", hidden);
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            String layer = "layers." + i + ".";
            layers.add(
                    new Layer(
                            table.vector(layer + "attention_norm.weight", hidden),
                            table.linear(layer + "attention.wq", queries, hidden),
                            table.linear(layer + "attention.wk", keys, hidden),
                            table.linear(layer + "attention.wv", keys, hidden),
                            null,
                            null,
                            table.linear(layer + "attention.wo", hidden, queries),
                            table.vector(layer + "ffn_norm.weight", hidden),
                            table.linear(layer + "feed_forward.w1", inner, hidden),
                            table.linear(layer + "feed_forward.w3", inner, hidden),
                            table.linear(layer + "feed_forward.w2", hidden, inner),
                            HfModel.window(config, i)));
        }
        float[] norm = table.vector("norm.weight", hidden);
        Linear head =
                table.has("output.weight")
                        ? table.linear("output", embedding.rows(), hidden)
                        : new Linear(embedding, null);
        table.refuseUnused();
        return new Decoder(
                "Meta's Llama",
                hidden,
                config.heads(),
                config.kvHeads(),
                headDim,
                inner,
                config.maxPositions(),
                (float) config.normEps(),
                RotaryFrequencies.of(
                        headDim,
                        config.rope().theta(),
                        config.rope().scaling(),
                        config.maxPositions()),
                RotaryLayout.INTERLEAVED,
                embedding,
                layers,
                norm,
                head);
    }
}
