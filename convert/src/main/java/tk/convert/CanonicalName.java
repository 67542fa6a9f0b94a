package tk.convert;

import tk.convert.Dialect.Rotary;
import tk.convert.TensorRule.Rotation;
import tk.hf.ModelConfig;
import tk.tensor.Tensor;

import java.util.Optional;
import java.util.Set;

/**
 * What one tensor's name stands for, whatever dialect it is in: for files that hold only some of a
 * model's tensors, so that no dialect can be told from the whole.
 *
 * @param hf the full Hugging Face name
 * @param rule its row in the family's table
 * @param rotary how the dialect orders the rows of query and key
 */
public record CanonicalName(String hf, TensorRule rule, Rotary rotary) {
    /** What wraps a decoder: their names come before its own. */
    private static final Set<String> WRAPPERS =
            Set.of(
                    "model",
                    "module",
                    "base_model",
                    "language_model",
                    "text_model",
                    "decoder",
                    "llm",
                    "transformer");

    /** The tensor that a name means in this family, with or without wrappers' names before it. */
    public static Optional<CanonicalName> of(FamilyTable family, String name) {
        for (String rest = name; ; rest = rest.substring(rest.indexOf('.') + 1)) {
            LayerName layered = LayerName.of(rest);
            for (Dialect dialect : Dialect.of(family)) {
                Optional<String> template = dialect.hfName(layered.template());
                Optional<TensorRule> rule = template.flatMap(family::rule);
                if (rule.isPresent()) {
                    return Optional.of(
                            new CanonicalName(
                                    layered.in(template.get()), rule.get(), dialect.rotary()));
                }
            }
            int dot = rest.indexOf('.');
            if (dot < 0 || !WRAPPERS.contains(rest.substring(0, dot))) return Optional.empty();
        }
    }

    /**
     * Values of this name's outputs, such as a bias or a factor (out, r), with their rows in
     * Hugging Face's order.
     */
    public Tensor inHalves(Tensor outputs, ModelConfig config) {
        if (rotary == Rotary.HALVES || rule.rotation() == Rotation.NONE) return outputs;
        return RotaryRows.of(outputs, rule.heads(config), Rotary.HALVES);
    }
}
