package tk.verify.settings;

/** A number that steers the computation, with its names. */
public enum Setting {
    LAYERS("num_hidden_layers", "block_count"),
    HIDDEN("hidden_size", "embedding_length"),
    FEED_FORWARD("intermediate_size", "feed_forward_length"),
    HEADS("num_attention_heads", "attention.head_count"),
    KV_HEADS("num_key_value_heads", "attention.head_count_kv"),
    KEY_LENGTH("head_dim", "attention.key_length"),
    VALUE_LENGTH("head_dim", "attention.value_length"),
    ROTARY_DIMENSIONS("head_dim", "rope.dimension_count"),
    NORM_EPS("rms_norm_eps", "attention.layer_norm_rms_epsilon"),
    THETA("rope_theta", "rope.freq_base"),
    CONTEXT("max_position_embeddings", "context_length"),
    VOCABULARY("vocab_size", "vocab_size");

    private final String hf;
    private final String gguf;

    Setting(String hf, String gguf) {
        this.hf = hf;
        this.gguf = gguf;
    }

    /** Its key in a {@code config.json}. */
    String hf() {
        return hf;
    }

    /** Its key in a GGUF, without the architecture before it. */
    String gguf() {
        return gguf;
    }
}
