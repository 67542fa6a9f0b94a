package tk.verify.reference;

import tk.hf.ModelConfig;

import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The decoder once more, in double precision and as naive as can be: one position at a time, one
 * dot product at a time, no cache. What the fast one must agree with.
 */
final class DoubleDecoder {
    private final ModelConfig config;
    private final Map<String, float[]> weights;
    private final double[] frequencies; // radians a position
    private final double magnitude;
    private final int window;
    private UnaryOperator<double[]> rounding = x -> x;

    /**
     * @param frequencies rotary frequencies, however they came about
     * @param magnitude what sine and cosine are multiplied by
     * @param window how many positions a token sees, 0 for all
     */
    DoubleDecoder(RandomModel model, double[] frequencies, double magnitude, int window) {
        this.config = model.config();
        this.weights = model.weights();
        this.frequencies = frequencies;
        this.magnitude = magnitude;
        this.window = window;
    }

    /** The same with what every matrix is multiplied with rounded so. */
    DoubleDecoder withInputs(UnaryOperator<double[]> newRounding) {
        rounding = newRounding;
        return this;
    }

    /** Logits {@code [position][token]}. */
    double[][] logits(int[] tokens) {
        int hidden = config.hiddenSize();
        double[][] x = new double[tokens.length][hidden];
        float[] embedding = weights.get("model.embed_tokens.weight");
        for (int t = 0; t < tokens.length; t++) {
            for (int f = 0; f < hidden; f++) x[t][f] = embedding[tokens[t] * hidden + f];
        }
        for (int i = 0; i < config.layers(); i++) layer("model.layers." + i + ".", x);
        double[][] logits = new double[tokens.length][];
        String head = weights.containsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        for (int t = 0; t < tokens.length; t++) {
            logits[t] = linear(head, norm("model.norm", x[t], 0, hidden));
        }
        return logits;
    }

    private void layer(String layer, double[][] x) {
        int positions = x.length;
        int headDim = config.headDim();
        double[][] q = new double[positions][];
        double[][] k = new double[positions][];
        double[][] v = new double[positions][];
        for (int t = 0; t < positions; t++) {
            double[] h = norm(layer + "input_layernorm", x[t], 0, x[t].length);
            q[t] = heads(layer + "self_attn.q_", linear(layer + "self_attn.q_proj", h), t);
            k[t] = heads(layer + "self_attn.k_", linear(layer + "self_attn.k_proj", h), t);
            v[t] = linear(layer + "self_attn.v_proj", h);
        }
        for (int t = 0; t < positions; t++) {
            double[] attended = new double[config.heads() * headDim];
            for (int head = 0; head < config.heads(); head++) {
                int kv = head * config.kvHeads() / config.heads();
                double[] p = new double[t + 1];
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    if (window != 0 && s <= t - window) continue;
                    double dot = 0;
                    for (int d = 0; d < headDim; d++) {
                        dot += q[t][head * headDim + d] * k[s][kv * headDim + d];
                    }
                    p[s] = Math.exp(dot / Math.sqrt(headDim));
                    sum += p[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int d = 0; d < headDim; d++) {
                        attended[head * headDim + d] += p[s] / sum * v[s][kv * headDim + d];
                    }
                }
            }
            add(x[t], linear(layer + "self_attn.o_proj", attended));
            double[] h = norm(layer + "post_attention_layernorm", x[t], 0, x[t].length);
            double[] gate = linear(layer + "mlp.gate_proj", h);
            double[] up = linear(layer + "mlp.up_proj", h);
            for (int i = 0; i < gate.length; i++)
                gate[i] = gate[i] / (1 + Math.exp(-gate[i])) * up[i];
            add(x[t], linear(layer + "mlp.down_proj", gate));
        }
    }

    /** Norm of each head where there is one, then rotation, halves of a head paired. */
    private double[] heads(String stem, double[] x, int position) {
        int headDim = config.headDim();
        for (int head = 0; head < x.length / headDim; head++) {
            int at = head * headDim;
            if (weights.containsKey(stem + "norm.weight")) {
                double[] normed = norm(stem + "norm", x, at, headDim);
                System.arraycopy(normed, 0, x, at, headDim);
            }
            for (int i = 0; i < headDim / 2; i++) {
                double cos = Math.cos(position * frequencies[i]) * magnitude;
                double sin = Math.sin(position * frequencies[i]) * magnitude;
                double a = x[at + i];
                double b = x[at + i + headDim / 2];
                x[at + i] = a * cos - b * sin;
                x[at + i + headDim / 2] = b * cos + a * sin;
            }
        }
        return x;
    }

    private double[] norm(String name, double[] x, int at, int length) {
        float[] weight = weights.get(name + ".weight");
        double sum = 0;
        for (int i = 0; i < length; i++) sum += x[at + i] * x[at + i];
        double scale = 1 / Math.sqrt(sum / length + config.normEps());
        double[] out = new double[length];
        for (int i = 0; i < length; i++) out[i] = x[at + i] * scale * weight[i];
        return out;
    }

    private double[] linear(String stem, double[] input) {
        double[] x = rounding.apply(input);
        float[] w = weights.get(stem + ".weight");
        float[] bias = weights.get(stem + ".bias");
        double[] out = new double[w.length / x.length];
        for (int r = 0; r < out.length; r++) {
            double sum = bias == null ? 0 : bias[r];
            for (int c = 0; c < x.length; c++) sum += w[r * x.length + c] * x[c];
            out[r] = sum;
        }
        return out;
    }

    private static void add(double[] to, double[] what) {
        for (int i = 0; i < to.length; i++) to[i] += what[i];
    }
}
