package tk.convert.gguf;

import tk.hf.RopeScaling;

import java.util.List;

/** What llama.cpp needs to know of LongRoPE; convert_hf_to_gguf writes only that it is used. */
final class LongRope {
    private LongRope() {}

    /**
     * What attention's logits are scaled by, squared: as given, or {@code sqrt(1 + ln factor / ln
     * originalContext)} (LongRoPE, Ding et al. 2024, as in transformers).
     */
    static double attentionFactor(RopeScaling.LongRope rope) {
        if (rope.attentionFactor().isPresent()) return rope.attentionFactor().get();
        if (rope.factor() <= 1) return 1;
        return Math.sqrt(1 + Math.log(rope.factor()) / Math.log(rope.originalContext()));
    }

    static float[] floats(List<Double> factors) {
        float[] floats = new float[factors.size()];
        for (int i = 0; i < floats.length; i++) floats[i] = factors.get(i).floatValue();
        return floats;
    }
}
