package tk.quantize;

import tk.tensor.DType;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * llama-quantize's choice of a type for each tensor, for LLaMA-like architectures.
 *
 * <p>The rules count: "the first eighth of the ffn_down tensors" means those met first. So one
 * object serves one model, and is asked for its tensors in output order.
 */
final class Mixture {
    private static final Pattern VALUES = Pattern.compile("attn_(v|qkv|kv_b)\\.weight");

    private final QuantizeOptions options;
    private final Counts counts;
    private int attentionV;
    private int ffnDown;

    /**
     * What the rules ask about the model.
     *
     * @param layers the model's block count
     * @param attentionV how many tensors give attention its values
     * @param queriesPerKey query heads that share a head of keys and values
     * @param seventyB whether it is among the models that llama.cpp calls 70B
     * @param experts experts of a mixture-of-experts model, else 0
     * @param tied whether the file has no output.weight
     */
    record Counts(
            int layers,
            int attentionV,
            int queriesPerKey,
            boolean seventyB,
            int experts,
            boolean tied) {}

    Mixture(QuantizeOptions options, Counts counts) {
        this.options = options;
        this.counts = counts;
    }

    /** The type wanted for a tensor that is to be quantized, before its row length is looked at. */
    DType wanted(String name, long columns) {
        boolean embedding = isEmbedding(name);
        boolean output = name.equals("output.weight");
        if (embedding && options.tokenEmbeddingType().isPresent()) {
            return options.tokenEmbeddingType().get();
        }
        if (output && options.outputTensorType().isPresent()) {
            return options.outputTensorType().get();
        }
        DType type = options.fileType().defaultType();
        if (!type.isBlock()) return type;
        Optional<DType> named =
                options.tensorTypes().stream()
                        .filter(t -> t.pattern().matcher(name).find())
                        .map(QuantizeOptions.TensorType::type)
                        .findFirst();
        if (named.isPresent()) return named.get();
        if (options.pure()) return type;
        if (output) return forHead(columns);
        // A tied embedding is a head only here, among the rules of the mixture.
        if (embedding && counts.tied()) {
            return options.outputTensorType().orElseGet(() -> forHead(columns));
        }
        return byRole(name);
    }

    /** What stands in for a type whose blocks do not fill the rows; empty where it fits. */
    static Optional<DType> fallback(DType wanted, long columns) {
        if (columns % wanted.blockSize() == 0) return Optional.empty();
        DType smaller =
                switch (wanted) {
                    case Q2_K, Q3_K -> DType.Q4_0;
                    case Q4_K -> DType.Q5_0;
                    case Q5_K -> DType.Q5_1;
                    case Q6_K -> DType.Q8_0;
                    case IQ4_XS -> DType.IQ4_NL;
                    default -> DType.F16;
                };
        return Optional.of(columns % smaller.blockSize() == 0 ? smaller : DType.F16);
    }

    private DType forHead(long columns) {
        DType type = options.fileType().defaultType();
        if (columns % type.blockSize() != 0 || type == DType.Q8_0) return DType.Q8_0;
        return DType.Q6_K;
    }

    private DType byRole(String name) {
        if (givesValues(name)) return forAttentionV(attentionV++);
        if (name.contains("attn_k.weight")) {
            return counts.experts() == 8 ? DType.Q8_0 : options.fileType().defaultType();
        }
        if (name.contains("ffn_down")) return forFfnDown(place(name, ffnDown++));
        if (name.contains("attn_output.weight")) return forAttentionOutput();
        return options.fileType().defaultType();
    }

    /** Whether a tensor's rows are looked up by token; Gemma 3n has one for all layers, too. */
    static boolean isEmbedding(String name) {
        return name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight");
    }

    /** Whether a tensor gives attention its values: alone, or fused with queries and keys. */
    static boolean givesValues(String name) {
        return VALUES.matcher(name).find();
    }

    /** Where layers have experts, more than one tensor of a layer may have the role. */
    private int place(String name, int counted) {
        return counts.experts() > 1 ? Quantization.layer(name) : counted;
    }

    private DType forAttentionV(int i) {
        boolean grouped = counts.queriesPerKey() >= 4;
        DType byDefault = options.fileType().defaultType();
        DType type =
                switch (options.fileType()) {
                    case Q4_K_M, Q5_K_M ->
                            moreBits(i, counts.attentionV()) ? DType.Q6_K : byDefault;
                    case Q4_K_S -> i < 4 ? DType.Q5_K : byDefault;
                    case Q3_K_M -> i < 2 ? DType.Q5_K : DType.Q4_K;
                    case Q3_K_L -> DType.Q5_K;
                    case Q2_K -> grouped ? DType.Q4_K : DType.Q3_K;
                    case Q2_K_S -> grouped ? DType.Q4_K : byDefault;
                    case IQ4_NL, IQ4_XS -> grouped ? DType.Q5_K : byDefault;
                    default -> byDefault;
                };
        if (counts.seventyB() && (type == DType.Q3_K || type == DType.Q4_K)) type = DType.Q5_K;
        return counts.experts() == 8 ? DType.Q8_0 : type;
    }

    private DType forFfnDown(int i) {
        int n = counts.layers();
        DType byDefault = options.fileType().defaultType();
        boolean weighted = options.imatrix().isPresent();
        return switch (options.fileType()) {
            case Q4_K_M, Q5_K_M -> moreBits(i, n) ? DType.Q6_K : byDefault;
            case Q4_K_S -> i < n / 8 ? DType.Q5_K : byDefault;
            case Q3_K_M -> i < n / 16 ? DType.Q5_K : DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            case Q2_K -> DType.Q3_K;
            case Q2_K_S -> i < n / 8 ? DType.Q4_K : byDefault;
            case IQ4_NL, IQ4_XS -> !weighted && i < n / 8 ? DType.Q5_K : byDefault;
            case Q4_0 -> weighted && i < n / 8 ? DType.Q4_1 : byDefault;
            case Q5_0 -> weighted && i < n / 8 ? DType.Q5_1 : byDefault;
            default -> byDefault;
        };
    }

    private DType forAttentionOutput() {
        DType byDefault = options.fileType().defaultType();
        if (counts.experts() == 8) {
            return switch (options.fileType()) {
                case Q2_K, Q3_K_S, Q3_K_M, Q4_K_S, Q4_K_M, IQ4_NL, IQ4_XS -> DType.Q5_K;
                default -> byDefault;
            };
        }
        return switch (options.fileType()) {
            case Q2_K -> DType.Q3_K;
            case Q3_K_M -> DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            default -> byDefault;
        };
    }

    /** The first and last eighth, and every third between: the layers whose error costs most. */
    static boolean moreBits(int i, int n) {
        return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
    }
}
