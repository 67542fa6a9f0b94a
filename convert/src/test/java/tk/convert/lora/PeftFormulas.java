package tk.convert.lora;

import tk.tensor.DType;
import tk.tensor.Scalars;
import tk.tensor.Tensor;

/** PEFT's formulas, written out once more. */
final class PeftFormulas {
    private PeftFormulas() {}

    /** {@code W + s·B·A}, summed as a matrix product does, rounded to {@code type}. */
    static float[] sum(float[] w, Tensor a, Tensor b, double s, DType type) {
        float[] x = LowRank.values(a);
        float[] y = LowRank.values(b);
        int rank = (int) a.info().shape().dim(0);
        int in = x.length / rank;
        float[] out = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            float delta = 0;
            for (int k = 0; k < rank; k++) {
                delta = Math.fma(y[i / in * rank + k], x[k * in + i % in], delta);
            }
            out[i] = rounded(w[i] + delta * (float) s, type);
        }
        return out;
    }

    static float rounded(float value, DType type) {
        return switch (type) {
            case F16 -> Scalars.fromF16(Scalars.toF16(value));
            case BF16 -> Scalars.fromBf16(Scalars.toBf16(value));
            default -> value;
        };
    }

    /** {@code W + s·(B·A)ᵀ} of an embedding. */
    static float[] embedded(float[] w, TinyAdapter adapter, double s) {
        float[] a = LowRank.values(adapter.named("lora_embedding_A"));
        float[] b = LowRank.values(adapter.named("lora_embedding_B"));
        int vocabulary = a.length / 3;
        float[] out = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            float delta = 0;
            for (int k = 0; k < 3; k++) {
                delta = Math.fma(a[k * vocabulary + i / 16], b[i % 16 * 3 + k], delta);
            }
            out[i] = w[i] + delta * (float) s;
        }
        return out;
    }
}
