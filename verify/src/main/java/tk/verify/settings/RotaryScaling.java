package tk.verify.settings;

import tk.checkpoint.Checkpoint;
import tk.gguf.GgufMetadata;
import tk.hf.ModelConfig;
import tk.hf.RopeScaling;
import tk.quantize.FloatRows;
import tk.tensor.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What becomes of the rotary frequencies θ^(-2i/d).
 *
 * <p>Sources: the Llama 3.1 model card's reference code (llama3), Chen et al. 2023 (linear), Peng
 * et al. 2023 (YaRN), Ding et al. 2024 (LongRoPE); for GGUF its rope keys and {@code
 * rope_freqs.weight}.
 *
 * @param divisors what each of the d/2 frequencies is divided by; empty where a method of its own
 *     decides
 * @param method {@code none} where the divisors say it all, else {@code yarn} or {@code longrope}
 * @param parameters the method's, by name
 */
public record RotaryScaling(List<Double> divisors, String method, Map<String, Double> parameters) {
    /** Copies the list and the map. */
    public RotaryScaling {
        divisors = List.copyOf(divisors);
        parameters = new TreeMap<>(parameters);
    }

    static RotaryScaling of(ModelConfig config) {
        int count = config.headDim() / 2;
        return switch (config.rope().scaling()) {
            // NTK-aware scaling begins beyond the original context, and GGUF has no word for it.
            case RopeScaling.None ignored -> divided(count, 1);
            case RopeScaling.Dynamic ignored -> divided(count, 1);
            case RopeScaling.Linear(double factor) -> divided(count, factor);
            case RopeScaling.Llama3 llama3 -> llama3(count, config.rope().theta(), llama3);
            case RopeScaling.Yarn yarn -> {
                Map<String, Double> parameters = new TreeMap<>();
                parameters.put("factor", yarn.factor());
                parameters.put("original_context_length", (double) yarn.originalContext());
                parameters.put("beta_fast", yarn.betaFast());
                parameters.put("beta_slow", yarn.betaSlow());
                yield new RotaryScaling(List.of(), "yarn", parameters);
            }
            case RopeScaling.LongRope longRope -> {
                Map<String, Double> parameters = new TreeMap<>();
                parameters.put("original_context_length", (double) longRope.originalContext());
                numbered(parameters, "short", longRope.shortFactor());
                numbered(parameters, "long", longRope.longFactor());
                yield new RotaryScaling(List.of(), "longrope", parameters);
            }
        };
    }

    private static RotaryScaling divided(int count, double factor) {
        double[] divisors = new double[count];
        Arrays.fill(divisors, factor);
        return new RotaryScaling(Arrays.stream(divisors).boxed().toList(), "none", Map.of());
    }

    private static RotaryScaling llama3(int count, double theta, RopeScaling.Llama3 scaling) {
        double[] divisors = new double[count];
        for (int i = 0; i < count; i++) {
            double frequency = Math.pow(theta, -i / (double) count);
            // How often the angle turns within the original context.
            double turns = scaling.originalContext() * frequency / (2 * Math.PI);
            if (turns > scaling.highFreqFactor()) {
                divisors[i] = 1;
            } else if (turns < scaling.lowFreqFactor()) {
                divisors[i] = scaling.factor();
            } else {
                double smooth =
                        (turns - scaling.lowFreqFactor())
                                / (scaling.highFreqFactor() - scaling.lowFreqFactor());
                divisors[i] = 1 / ((1 - smooth) / scaling.factor() + smooth);
            }
        }
        return new RotaryScaling(Arrays.stream(divisors).boxed().toList(), "none", Map.of());
    }

    static RotaryScaling of(GgufMetadata gguf, String prefix, Checkpoint checkpoint) {
        String type = gguf.string(prefix + "rope.scaling.type").orElse("none");
        return switch (type.toLowerCase(Locale.ROOT)) {
            case "yarn" -> yarn(gguf, prefix + "rope.scaling.");
            case "longrope" -> longRope(gguf, prefix + "rope.scaling.", checkpoint);
            case "none" -> plain(gguf, prefix, checkpoint, 1);
            default -> {
                double factor = number(gguf, prefix + "rope.scaling.factor", 0);
                yield plain(gguf, prefix, checkpoint, factor == 0 ? 1 : factor);
            }
        };
    }

    private static RotaryScaling yarn(GgufMetadata gguf, String scaling) {
        Map<String, Double> parameters = new TreeMap<>();
        parameters.put("factor", number(gguf, scaling + "factor", 0));
        parameters.put(
                "original_context_length", number(gguf, scaling + "original_context_length", 0));
        parameters.put("beta_fast", number(gguf, scaling + "yarn_beta_fast", 32));
        parameters.put("beta_slow", number(gguf, scaling + "yarn_beta_slow", 1));
        return new RotaryScaling(List.of(), "yarn", parameters);
    }

    private static RotaryScaling longRope(
            GgufMetadata gguf, String scaling, Checkpoint checkpoint) {
        Map<String, Double> parameters = new TreeMap<>();
        parameters.put(
                "original_context_length", number(gguf, scaling + "original_context_length", 0));
        numbered(parameters, "short", values(checkpoint, "rope_factors_short.weight"));
        numbered(parameters, "long", values(checkpoint, "rope_factors_long.weight"));
        return new RotaryScaling(List.of(), "longrope", parameters);
    }

    /** Every frequency divided by a factor, and by its own where there are such. */
    private static RotaryScaling plain(
            GgufMetadata gguf, String prefix, Checkpoint checkpoint, double factor) {
        // An older key for the same.
        double linear = factor == 1 ? number(gguf, prefix + "rope.scale_linear", 1) : factor;
        List<Double> factors = values(checkpoint, "rope_freqs.weight");
        if (!factors.isEmpty()) {
            List<Double> products = factors.stream().map(f -> f * linear).toList();
            return new RotaryScaling(products, "none", Map.of());
        }
        double heads = Math.max(1, number(gguf, prefix + "attention.head_count", 1));
        double width =
                number(
                        gguf,
                        prefix + "attention.key_length",
                        number(gguf, prefix + "embedding_length", 0) / heads);
        double turned = number(gguf, prefix + "rope.dimension_count", width);
        return divided((int) Math.clamp(turned / 2, 0, 1 << 16), linear);
    }

    private static double number(GgufMetadata gguf, String key, double absent) {
        return gguf.number(key).orElse(absent);
    }

    private static List<Double> values(Checkpoint checkpoint, String name) {
        Tensor tensor = checkpoint.tensors().get(name);
        if (tensor == null || tensor.info().shape().elements() > 1 << 16) return List.of();
        float[] values = new float[(int) tensor.info().shape().elements()];
        FloatRows.read(tensor, 0, tensor.info().shape().rows(), values);
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) wide[i] = values[i];
        return Arrays.stream(wide).boxed().toList();
    }

    private static void numbered(Map<String, Double> parameters, String name, List<Double> values) {
        parameters.put(name + "_factors", (double) values.size());
        for (int i = 0; i < values.size(); i++) {
            parameters.put(String.format(Locale.ROOT, "%s_factor[%03d]", name, i), values.get(i));
        }
    }
}
