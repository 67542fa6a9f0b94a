package tk.verify.reference;

import tk.checkpoint.Checkpoint;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;
import tk.verify.reference.Decoder.Layer;
import tk.verify.reference.Decoder.Linear;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a GGUF file's names; settings come from its metadata alone ({@link GgufSettings}).
 *
 * <pre>
 * token_embd.weight                    (vocabulary, hidden)
 * blk.N.attn_norm.weight               (hidden)
 * blk.N.attn_q.weight|bias             (heads * headDim, hidden), llama: pairs interleaved
 * blk.N.attn_k, attn_v                 (kvHeads * headDim, hidden), llama: attn_k's interleaved
 * blk.N.attn_q_norm, attn_k_norm       (headDim): qwen3
 * blk.N.attn_output                    (hidden, heads * headDim)
 * blk.N.ffn_norm.weight                (hidden)
 * blk.N.ffn_gate, ffn_up               (feedForward, hidden)
 * blk.N.ffn_down                       (hidden, feedForward)
 * output_norm.weight                   (hidden)
 * output.weight                        (vocabulary, hidden); absent: the embedding
 * rope_freqs.weight                    (headDim / 2): llama3's divisors of the frequencies
 * rope_factors_short, _long.weight     (headDim / 2): LongRoPE's
 * </pre>
 */
final class GgufModel {
    private GgufModel() {}

    static Decoder read(Checkpoint checkpoint, GgufMetadata metadata) {
        GgufSettings settings = GgufSettings.read(metadata);
        RotaryLayout layout =
                switch (settings.architecture()) {
                    case "llama" -> RotaryLayout.INTERLEAVED;
                    case "qwen2", "qwen3" -> RotaryLayout.HALF_SPLIT;
                    default ->
                            throw new UnsupportedException(
                                    "GGUF architecture `%s` is not supported by the forward pass"
                                            .formatted(settings.architecture()),
                                    "Supported: llama, qwen2, qwen3.");
                };
        TensorTable table = new TensorTable(checkpoint);
        int hidden = settings.hidden();
        int headDim = settings.headDim();
        int queries = Math.multiplyExact(settings.heads(), headDim);
        int keys = Math.multiplyExact(settings.kvHeads(), headDim);
        int inner = settings.feedForward();
        boolean headNorms = settings.architecture().equals("qwen3");

        Weights embedding = table.embedding("token_embd.weight", hidden);
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < settings.layers(); i++) {
            String block = "blk." + i + ".";
            layers.add(
                    new Layer(
                            table.vector(block + "attn_norm.weight", hidden),
                            table.linear(block + "attn_q", queries, hidden),
                            table.linear(block + "attn_k", keys, hidden),
                            table.linear(block + "attn_v", keys, hidden),
                            headNorms ? table.vector(block + "attn_q_norm.weight", headDim) : null,
                            headNorms ? table.vector(block + "attn_k_norm.weight", headDim) : null,
                            table.linear(block + "attn_output", hidden, queries),
                            table.vector(block + "ffn_norm.weight", hidden),
                            table.linear(block + "ffn_gate", inner, hidden),
                            table.linear(block + "ffn_up", inner, hidden),
                            table.linear(block + "ffn_down", hidden, inner),
                            0));
        }
        float[] norm = table.vector("output_norm.weight", hidden);
        Linear head =
                table.has("output.weight")
                        ? table.linear("output", embedding.rows(), hidden)
                        : new Linear(embedding, null);
        RotaryEmbedding rope =
                settings.rope(
                        table.optionalVector("rope_freqs.weight", headDim / 2),
                        table.optionalVector("rope_factors_short.weight", headDim / 2),
                        table.optionalVector("rope_factors_long.weight", headDim / 2));
        table.refuseUnused();
        return new Decoder(
                settings.architecture(),
                hidden,
                settings.heads(),
                settings.kvHeads(),
                headDim,
                inner,
                settings.contextLength(),
                settings.normEps(),
                rope,
                layout,
                embedding,
                layers,
                norm,
                head);
    }
}
