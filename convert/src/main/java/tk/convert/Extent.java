package tk.convert;

import tk.hf.ModelConfig;

/** What a dimension of a tensor is as long as, in the terms of {@code config.json}. */
public enum Extent {
    /** Rows of the embedding. */
    VOCAB,
    /** Width of the residual stream. */
    HIDDEN,
    /** All query heads, one after another. */
    QUERY,
    /** All key heads, or all value heads, one after another. */
    KEY_VALUE,
    /** Inner width of the MLP. */
    FEED_FORWARD,
    /** One head. */
    HEAD;

    /** Its length in a model of this configuration. */
    public long in(ModelConfig config) {
        return switch (this) {
            case VOCAB -> config.vocabSize();
            case HIDDEN -> config.hiddenSize();
            case QUERY -> (long) config.heads() * config.headDim();
            case KEY_VALUE -> (long) config.kvHeads() * config.headDim();
            case FEED_FORWARD -> config.feedForward();
            case HEAD -> config.headDim();
        };
    }

    /** The config keys it comes from, with their values: what an error about it has to show. */
    public String explain(ModelConfig config) {
        return switch (this) {
            case VOCAB -> "vocab_size " + config.vocabSize();
            case HIDDEN -> "hidden_size " + config.hiddenSize();
            case QUERY ->
                    "num_attention_heads %d x head_dim %d"
                            .formatted(config.heads(), config.headDim());
            case KEY_VALUE ->
                    "num_key_value_heads %d x head_dim %d"
                            .formatted(config.kvHeads(), config.headDim());
            case FEED_FORWARD -> "intermediate_size " + config.feedForward();
            case HEAD -> "head_dim " + config.headDim();
        };
    }
}
