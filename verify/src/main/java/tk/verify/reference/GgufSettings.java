package tk.verify.reference;

import org.jspecify.annotations.Nullable;

import tk.error.MalformedException;
import tk.error.UnsupportedException;
import tk.gguf.GgufMetadata;

import java.util.OptionalLong;

/**
 * The hyper-parameters of a GGUF file, with llama.cpp's defaults for those left out.
 *
 * @param architecture {@code general.architecture}, the prefix of the other keys
 * @param hidden {@code embedding_length}
 * @param layers {@code block_count}
 * @param heads {@code attention.head_count}
 * @param kvHeads {@code attention.head_count_kv}, or as many as heads
 * @param headDim {@code attention.key_length}, or hidden / heads
 * @param feedForward {@code feed_forward_length}
 * @param contextLength {@code context_length}
 * @param normEps {@code attention.layer_norm_rms_epsilon}
 * @param metadata all of it, for the rotary settings
 */
record GgufSettings(
        String architecture,
        int hidden,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int feedForward,
        int contextLength,
        float normEps,
        GgufMetadata metadata) {

    private static final int MAX_WIDTH = 1 << 24;
    private static final int MAX_POSITIONS = 1 << 30;

    /** llama.cpp's own, whatever {@code yarn_beta_fast} and {@code yarn_beta_slow} say. */
    private static final double YARN_BETA_FAST = 32;

    private static final double YARN_BETA_SLOW = 1;

    static GgufSettings read(GgufMetadata metadata) {
        String architecture =
                metadata.string("general.architecture")
                        .orElseThrow(() -> missing("general.architecture"));
        String a = architecture + ".";
        int hidden = require(metadata, a + "embedding_length", MAX_WIDTH);
        int layers = require(metadata, a + "block_count", MAX_WIDTH);
        int heads = require(metadata, a + "attention.head_count", MAX_WIDTH);
        int kvHeads = optional(metadata, a + "attention.head_count_kv", MAX_WIDTH, heads);
        if (heads % kvHeads != 0) {
            throw new MalformedException(
                    "%sattention.head_count: %d query heads do not divide among %d key heads"
                            .formatted(a, heads, kvHeads));
        }
        int headDim =
                optional(
                        metadata,
                        a + "attention.key_length",
                        MAX_WIDTH,
                        Math.max(1, hidden / heads));
        requireEqual(metadata, a + "attention.value_length", headDim);
        requireEqual(metadata, a + "rope.dimension_count", headDim);
        if (headDim % 2 != 0) {
            throw new MalformedException(
                    "%sattention.key_length: %d is odd, and pairs of values rotate"
                            .formatted(a, headDim));
        }
        if (metadata.integer(a + "expert_count").orElse(0) != 0) {
            throw new UnsupportedException(
                    a + "expert_count: a mixture of experts is not supported by the forward pass");
        }
        double eps =
                metadata.number(a + "attention.layer_norm_rms_epsilon")
                        .orElseThrow(() -> missing(a + "attention.layer_norm_rms_epsilon"));
        return new GgufSettings(
                architecture,
                hidden,
                layers,
                heads,
                kvHeads,
                headDim,
                require(metadata, a + "feed_forward_length", MAX_WIDTH),
                require(metadata, a + "context_length", MAX_POSITIONS),
                (float) eps,
                metadata);
    }

    /**
     * The rotary embedding, as llama.cpp computes it.
     *
     * @param divisors {@code rope_freqs.weight}, or null
     * @param shortFactors {@code rope_factors_short.weight}, or null
     * @param longFactors {@code rope_factors_long.weight}, or null
     */
    RotaryEmbedding rope(
            float @Nullable [] divisors,
            float @Nullable [] shortFactors,
            float @Nullable [] longFactors) {
        String key = architecture + ".rope.";
        double theta = metadata.number(key + "freq_base").orElse(10000);
        String type = metadata.string(key + "scaling.type").orElse("linear");
        double factor =
                metadata.number(key + "scaling.factor")
                        .orElse(metadata.number(key + "scale_linear").orElse(0));
        if (factor == 0 || type.equals("none")) factor = 1;
        int original =
                optional(
                        metadata,
                        key + "scaling.original_context_length",
                        MAX_POSITIONS,
                        contextLength);
        double magnitude = metadata.number(key + "scaling.attn_factor").orElse(1);
        switch (type) {
            case "none", "linear", "longrope" -> {}
            case "yarn" -> {
                float[] frequencies =
                        RotaryFrequencies.yarn(
                                headDim, theta, factor, original, YARN_BETA_FAST, YARN_BETA_SLOW);
                if (divisors != null)
                    frequencies = RotaryFrequencies.divided(frequencies, divisors);
                return new RotaryEmbedding.Fixed(
                        frequencies,
                        (float) (magnitude * RotaryFrequencies.yarnMagnitude(factor, 1)));
            }
            default ->
                    throw new UnsupportedException(
                            "%sscaling.type: `%s` is not supported".formatted(key, type),
                            "Supported: none, linear, yarn, longrope.");
        }
        float[] frequencies = RotaryFrequencies.plain(headDim, theta);
        for (int i = 0; i < frequencies.length; i++) frequencies[i] /= (float) factor;
        if (divisors != null) frequencies = RotaryFrequencies.divided(frequencies, divisors);
        if (shortFactors != null && longFactors != null) {
            return new RotaryEmbedding.ByLength(
                    RotaryFrequencies.divided(frequencies, shortFactors),
                    RotaryFrequencies.divided(frequencies, longFactors),
                    original,
                    (float) magnitude);
        }
        return new RotaryEmbedding.Fixed(frequencies, (float) magnitude);
    }

    private static int require(GgufMetadata metadata, String key, int max) {
        OptionalLong value = whole(metadata, key);
        if (value.isEmpty()) throw missing(key);
        return checked(key, value.getAsLong(), max);
    }

    private static int optional(GgufMetadata metadata, String key, int max, int otherwise) {
        OptionalLong value = whole(metadata, key);
        return value.isEmpty() ? otherwise : checked(key, value.getAsLong(), max);
    }

    /** One number, or a list with one for each layer where all are the same. */
    private static OptionalLong whole(GgufMetadata metadata, String key) {
        long[] list = metadata.integers(key).orElse(null);
        if (list == null || list.length == 0) return metadata.integer(key);
        for (long value : list) {
            if (value != list[0]) {
                throw new UnsupportedException(
                        key + ": layers of different sizes are not supported by the forward pass");
            }
        }
        return OptionalLong.of(list[0]);
    }

    private static void requireEqual(GgufMetadata metadata, String key, int expected) {
        int found = optional(metadata, key, MAX_WIDTH, expected);
        if (found != expected) {
            throw new UnsupportedException(
                    "%s: %d differs from the key length %d, which the forward pass does not support"
                            .formatted(key, found, expected));
        }
    }

    private static int checked(String key, long value, int max) {
        if (value < 1 || value > max) {
            throw new MalformedException(
                    "%s: expected 1 to %d, found %d".formatted(key, max, value));
        }
        return (int) value;
    }

    private static MalformedException missing(String key) {
        return new MalformedException(
                "GGUF metadata key `" + key + "` is missing",
                "The file is no complete model; convert it again.");
    }
}
