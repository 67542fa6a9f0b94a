package tk.hf;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The model families tk converts, with the defaults that transformers' configuration class of each
 * gives to keys a {@code config.json} leaves out.
 *
 * <p>Source: transformers 5.12, {@code LlamaConfig}, {@code MistralConfig}, {@code Qwen2Config},
 * {@code Qwen3Config}. The default of {@code rope_theta} is 10000 and that of {@code rms_norm_eps}
 * 1e-6 in all of them.
 */
public enum Family {
    LLAMA("LlamaForCausalLM", "llama", Biases.AS_CONFIGURED),
    MISTRAL("MistralForCausalLM", "mistral", Biases.NEVER),
    QWEN2("Qwen2ForCausalLM", "qwen2", Biases.ON_QUERY_KEY_VALUE),
    QWEN3("Qwen3ForCausalLM", "qwen3", Biases.AS_CONFIGURED);

    /** Where a family's attention projections have biases. */
    public enum Biases {
        /** Nowhere. */
        NEVER,
        /** On q, k and v, not on o, whatever the config says. */
        ON_QUERY_KEY_VALUE,
        /** On all four where {@code attention_bias} is true. */
        AS_CONFIGURED
    }

    /**
     * What absent keys mean.
     *
     * @param kvHeads absent {@code num_key_value_heads}; empty: as many as heads, which an explicit
     *     null means in every family
     * @param headDim absent {@code head_dim}; empty: hidden size over heads
     */
    record Defaults(
            int vocabSize,
            int hiddenSize,
            int feedForward,
            int layers,
            int heads,
            OptionalInt kvHeads,
            OptionalInt headDim,
            int maxPositions,
            OptionalInt bosTokenId,
            OptionalInt eosTokenId) {}

    private final String architecture;
    private final String modelType;
    private final Biases biases;

    Family(String architecture, String modelType, Biases biases) {
        this.architecture = architecture;
        this.modelType = modelType;
        this.biases = biases;
    }

    /** The class name in {@code architectures}. */
    public String architecture() {
        return architecture;
    }

    /** The {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /** Where attention projections have biases. */
    public Biases biases() {
        return biases;
    }

    /** Whether queries and keys are normalized by head before the rotation. */
    public boolean normalizesHeads() {
        return this == QWEN3;
    }

    Defaults defaults() {
        return switch (this) {
            case LLAMA ->
                    new Defaults(
                            32000, 4096, 11008, 32, 32, none(), none(), 2048, some(1), some(2));
            case MISTRAL ->
                    new Defaults(
                            32000, 4096, 14336, 32, 32, some(8), none(), 131072, some(1), some(2));
            case QWEN2 ->
                    new Defaults(
                            151936, 4096, 22016, 32, 32, some(32), none(), 32768, none(), none());
            case QWEN3 ->
                    new Defaults(
                            151936, 4096, 22016, 32, 32, some(32), some(128), 32768, none(),
                            none());
        };
    }

    /**
     * The family of this class name; {@code LLaMAForCausalLM}, as the first converters wrote it,
     * too.
     */
    public static Optional<Family> ofArchitecture(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (Family family : values()) {
            if (family.architecture.toLowerCase(Locale.ROOT).equals(lower))
                return Optional.of(family);
        }
        return Optional.empty();
    }

    /** The family of this {@code model_type}. */
    public static Optional<Family> ofModelType(String modelType) {
        for (Family family : values()) {
            if (family.modelType.equals(modelType)) return Optional.of(family);
        }
        return Optional.empty();
    }

    private static OptionalInt some(int value) {
        return OptionalInt.of(value);
    }

    private static OptionalInt none() {
        return OptionalInt.empty();
    }
}
