package tk.verify.weights;

import tk.tensor.TensorInfo;

import java.util.regex.Pattern;

/**
 * Buffers that modules leave in a state dict: they follow from the settings, and nothing in them
 * was learnt.
 *
 * <p>Sources: transformers' older {@code modeling_llama.py} ({@code inv_freq}, {@code masked_bias},
 * {@code position_ids}), Meta's {@code model.py} and llama2.c ({@code freqs_cis}, {@code
 * freqs_cos}, {@code cache_k}), nanoGPT ({@code attn.bias}, {@code mask}), torchtune ({@code
 * pos_embeddings}).
 */
public final class Buffers {
    private static final Pattern ALWAYS =
            endingIn(
                    "inv_freq|original_inv_freq|freqs|freqs_cis|freqs_cos|freqs_sin"
                            + "|(cos|sin)(_cached|_cache)?"
                            + "|pos_embeddings\\.(theta|cache)"
                            + "|cache_[kv]|kv_cache\\.[kv]_cache"
                            + "|masked_bias|position_ids");

    /** A projection's bias, and anything else that was learnt there, has one dimension. */
    private static final Pattern OF_TWO_DIMENSIONS =
            endingIn("(attn|self_attn|attention)\\.bias|mask|(attn|attention|causal)_mask|tril");

    /** GGUF's, which belong to its settings and are compared with them. */
    private static final Pattern ROPE_FACTORS =
            Pattern.compile("rope_freqs\\.weight|rope_factors_(long|short)\\.weight");

    private Buffers() {}

    private static Pattern endingIn(String names) {
        return Pattern.compile("(.*\\.)?(" + names + ")");
    }

    /** Whether the tensor is one. */
    public static boolean isBuffer(TensorInfo info) {
        return ALWAYS.matcher(info.name()).matches()
                || (info.shape().rank() >= 2 && OF_TWO_DIMENSIONS.matcher(info.name()).matches());
    }

    /** Whether a tensor of this name in a GGUF file is a part of its settings. */
    static boolean isRopeFactors(String name) {
        return ROPE_FACTORS.matcher(name).matches();
    }
}
