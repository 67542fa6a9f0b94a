package tk.convert;

import tk.tensor.TensorInfo;

import java.util.List;
import java.util.Optional;

/**
 * Buffers that training code leaves in a state dict and that no converted model needs: what they
 * hold follows from the configuration.
 */
final class Ignorable {
    private record Buffer(String ending, int leastRank, String what) {}

    private static final List<Buffer> BUFFERS =
            List.of(
                    new Buffer("inv_freq", 0, "rotary frequencies"),
                    new Buffer("original_inv_freq", 0, "rotary frequencies"),
                    new Buffer("freqs", 0, "rotary frequencies"),
                    new Buffer("pos_embeddings.theta", 0, "rotary frequencies"),
                    new Buffer("rope_freqs.weight", 0, "rotary factors"),
                    new Buffer("rope_factors_long.weight", 0, "rotary factors"),
                    new Buffer("rope_factors_short.weight", 0, "rotary factors"),
                    new Buffer("freqs_cis", 0, "rotary table"),
                    new Buffer("freqs_cos", 0, "rotary table"),
                    new Buffer("freqs_sin", 0, "rotary table"),
                    new Buffer("cos", 0, "rotary table"),
                    new Buffer("sin", 0, "rotary table"),
                    new Buffer("cos_cached", 0, "rotary table"),
                    new Buffer("sin_cached", 0, "rotary table"),
                    new Buffer("cos_cache", 0, "rotary table"),
                    new Buffer("sin_cache", 0, "rotary table"),
                    new Buffer("pos_embeddings.cache", 0, "rotary table"),
                    new Buffer("cache_k", 0, "keys of earlier tokens"),
                    new Buffer("cache_v", 0, "values of earlier tokens"),
                    new Buffer("kv_cache.k_cache", 0, "keys of earlier tokens"),
                    new Buffer("kv_cache.v_cache", 0, "values of earlier tokens"),
                    new Buffer("masked_bias", 0, "mask constant"),
                    // A projection's bias has one dimension; a mask has at least two.
                    new Buffer("attn.bias", 2, "causal mask"),
                    new Buffer("self_attn.bias", 2, "causal mask"),
                    new Buffer("attention.bias", 2, "causal mask"),
                    new Buffer("mask", 2, "causal mask"),
                    new Buffer("attn_mask", 2, "causal mask"),
                    new Buffer("attention_mask", 2, "causal mask"),
                    new Buffer("causal_mask", 2, "causal mask"),
                    new Buffer("tril", 2, "causal mask"),
                    new Buffer("position_ids", 0, "positions"));

    private Ignorable() {}

    /** What the tensor is, if it is such a buffer. */
    static Optional<String> what(TensorInfo info) {
        for (Buffer buffer : BUFFERS) {
            boolean named =
                    info.name().equals(buffer.ending) || info.name().endsWith("." + buffer.ending);
            if (named && info.shape().rank() >= buffer.leastRank) return Optional.of(buffer.what);
        }
        return Optional.empty();
    }
}
